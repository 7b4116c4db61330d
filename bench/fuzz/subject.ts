/** Content of a file: how it can be changed beyond single bytes. */
export type FileKind =
  "bytes" | "json" | "json lines" | "yaml" | "table" | "xml" | "png" | "zip" | "tar";

/** A reader, and whole files that it accepts. */
export interface Subject {
  readonly name: string;
  readonly kind: FileKind;
  readonly seeds: readonly Uint8Array[];
  /** Only so many of the first bytes are changed: what follows is numbers that mean nothing. */
  readonly span?: number;
  /** Its cases for one of others; 1 by default. */
  readonly weight?: number;
  /** Whether the whole file must be refused. */
  readonly isRefused?: boolean;
  /** Reads a file; throws anything but a UserError where the result is not well formed. */
  readonly read: (bytes: Uint8Array) => Promise<unknown>;
}

/** Throws unless the result of a reader is as promised. */
export function mustHold(holds: boolean, what: string): void {
  if (!holds) throw new Error(`the result is not well formed: ${what}`);
}
