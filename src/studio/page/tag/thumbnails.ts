import { request, RequestFailed } from "../api.ts";

/** Requests at a time: browsers allow six connections to a server, of which the events hold one and saving needs another. */
const mostRequests = 4;

interface Wanted {
  readonly id: number;
  readonly version: number;
}

/** Small pictures of images as addresses of blobs; those used longest ago are given up first. */
export class Thumbnails {
  readonly #urls = new Map<string, string | null>();
  readonly #loading = new Map<string, AbortController>();
  #wanted: readonly Wanted[] = [];

  readonly #watchers = new Set<() => void>();

  /** @param most that are kept */
  constructor(readonly most = 800) {}

  /** Told about each that can be shown now. @returns ends it */
  watch = (arrived: () => void): (() => void) => {
    this.#watchers.add(arrived);
    return () => void this.#watchers.delete(arrived);
  };

  /** The address of a picture; null if there is none, undefined if it is not here. */
  get(id: number, version: number): string | null | undefined {
    const key = keyOf({ id, version });
    const url = this.#urls.get(key);
    if (url !== undefined) {
      this.#urls.delete(key);
      this.#urls.set(key, url);
    }
    return url;
  }

  /** Fetches these, first ones first, and nothing else any more. */
  want(wanted: readonly Wanted[]): void {
    this.#wanted = wanted;
    const keys = new Set(wanted.map(keyOf));
    for (const [key, stop] of this.#loading) {
      if (!keys.has(key)) stop.abort();
    }
    this.#next();
  }

  #next(): void {
    for (const wanted of this.#wanted) {
      if (this.#loading.size >= mostRequests) return;
      const key = keyOf(wanted);
      if (!this.#urls.has(key) && !this.#loading.has(key)) void this.#load(wanted, key);
    }
  }

  async #load({ id, version }: Wanted, key: string): Promise<void> {
    const stop = new AbortController();
    this.#loading.set(key, stop);
    let url: string | null | undefined;
    try {
      const path = `/api/images/${id}/thumb?v=${version}`;
      const response = await request(path, { signal: stop.signal });
      url = URL.createObjectURL(await response.blob());
    } catch (error) {
      // A file that cannot be read has no picture; its problems say why.
      if (error instanceof RequestFailed && error.status !== 0) url = null;
    }
    this.#loading.delete(key);
    // Given up, or the server is away: asked for again when it is next wanted.
    if (url === undefined && !stop.signal.aborted) return;
    if (url !== undefined) {
      this.#urls.set(key, url);
      this.#giveUpOldest();
      for (const arrived of [...this.#watchers]) arrived();
    }
    this.#next();
  }

  #giveUpOldest(): void {
    for (const [key, url] of this.#urls) {
      if (this.#urls.size <= this.most) return;
      if (url !== null) URL.revokeObjectURL(url);
      this.#urls.delete(key);
    }
  }
}

function keyOf({ id, version }: Wanted): string {
  return `${id}/${version}`;
}
