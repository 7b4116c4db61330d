/** Bytes that are read where they are needed: a file, a part of an archive, memory. */
export interface ByteSource {
  /** For messages. */
  readonly name: string;
  /** In bytes. */
  readonly size: number;
  /** Exactly `length` bytes from `offset`; both lie within the source. */
  read(offset: number, length: number): Promise<Uint8Array>;
}

/** The entries of an archive by name. */
export type Archive = ReadonlyMap<string, ByteSource>;

/** Memory as a source; what is read is a view of it. */
export function bytesSource(bytes: Uint8Array, name = "weights"): ByteSource {
  return {
    name,
    size: bytes.length,
    read: (offset, length) => Promise.resolve(bytes.subarray(offset, offset + length)),
  };
}

/** `length` bytes from `start` of a source, as one of their own. */
export function partOf(source: ByteSource, start: number, length: number): ByteSource {
  return {
    name: source.name,
    size: length,
    read: (offset, count) => source.read(start + offset, count),
  };
}
