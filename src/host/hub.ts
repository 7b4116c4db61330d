/** A file of a repository on the Hugging Face Hub, or on a hub that answers as it does. */
export interface HubFile {
  /** `owner/name`. */
  readonly repository: string;
  /** Branch, tag or commit. */
  readonly revision: string;
  /** Path inside the repository, with `/`. */
  readonly file: string;
}

/** A file of a hub on this machine. */
export interface HubCopy {
  readonly path: string;
  /** Commit of the repository, 40 hexadecimal digits; undefined where the hub did not name it. */
  readonly commit: string | undefined;
  /** Bytes. */
  readonly size: number;
}

/** A file of a hub whose bytes have just been read whole. */
export interface CheckedHubCopy extends HubCopy {
  /** SHA-256 of the bytes, in hexadecimal digits. */
  readonly sha256: string;
  /** Whether it was here already. */
  readonly cached: boolean;
}

/** Bytes of a file that are here, out of `total`. */
export interface DownloadEvent {
  readonly type: "download";
  readonly file: HubFile;
  readonly done: number;
  readonly total: number;
  /** Bytes that an earlier, interrupted download left. */
  readonly resumed: number;
}

/** A pause before the next attempt, or until another process has fetched the file. */
export interface DownloadPauseEvent {
  readonly type: "download-pause";
  readonly file: HubFile;
  /** Cause of the pause, as a clause. */
  readonly reason: string;
  /** Length of the pause; undefined until another process is done. */
  readonly seconds: number | undefined;
}

/** A file whose content could not be compared with a digest, because the server names none. */
export interface UnverifiedEvent {
  readonly type: "unverified";
  readonly file: HubFile;
  readonly message: string;
}

export type HubEvent = DownloadEvent | DownloadPauseEvent | UnverifiedEvent;

/** The part of an AbortSignal that ends a download; the core knows no such global. */
export interface StopSignal {
  readonly aborted: boolean;
  readonly reason: unknown;
  addEventListener(type: "abort", listener: () => void): void;
  removeEventListener(type: "abort", listener: () => void): void;
}

/** Files of a hub, in a cache on this machine and over the network. */
export interface Hub {
  /** Address of the page of a repository, for people. */
  page(repository: string, revision?: string): string;
  /** The copy of a file on this machine; undefined if there is none. Opens no connection. */
  find(file: HubFile): Promise<HubCopy | undefined>;
  /**
   * A checked copy of a file: from this machine, else over the network. An interrupted download goes on where it stopped. Every
   * failure is a UserError that says how to get the file by hand; the codes `hub-missing` and `hub-gated` mean that another
   * repository may help. An aborted signal throws its reason and keeps what has arrived.
   */
  fetch(
    file: HubFile,
    options?: { readonly signal?: StopSignal | undefined },
  ): AsyncGenerator<HubEvent, CheckedHubCopy>;
}
