/** Bytes with random access: a file, an entry of an archive, memory. */
export interface ByteSource {
  /** Name for messages. */
  readonly name: string;
  /** Number of bytes. */
  readonly size: number;
  /** Reads exactly `length` bytes from `offset` on; the range must lie within the source. */
  read(offset: number, length: number): Promise<Uint8Array>;
}

/** The entries of an archive by name. */
export type Archive = ReadonlyMap<string, ByteSource>;

/** A source over bytes in memory; reading returns views of them. */
export function bytesSource(bytes: Uint8Array, name = "weights"): ByteSource {
  return {
    name,
    size: bytes.length,
    read: (offset, length) => Promise.resolve(bytes.subarray(offset, offset + length)),
  };
}

/** A source over a part of another: `length` bytes from `start` on. */
export function partOf(source: ByteSource, start: number, length: number): ByteSource {
  return {
    name: source.name,
    size: length,
    read: (offset, count) => source.read(start + offset, count),
  };
}
