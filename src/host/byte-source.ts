/** Bytes with random access: a file, an entry of an archive, memory. */
export interface ByteSource {
  /** Name in messages. */
  readonly name: string;
  /** In bytes. */
  readonly size: number;
  /** Reads exactly `length` bytes from `offset` on; the range must lie within the source. */
  read(offset: number, length: number): Promise<Uint8Array>;
}

/** The entries of an archive by name. */
export type Archive = ReadonlyMap<string, ByteSource>;

/** Memory as a source; reading returns views of it. */
export function bytesSource(bytes: Uint8Array, name = "weights"): ByteSource {
  return {
    name,
    size: bytes.length,
    read: (offset, length) => Promise.resolve(bytes.subarray(offset, offset + length)),
  };
}

/** A source of the `length` bytes from `start` on of another. */
export function partOf(source: ByteSource, start: number, length: number): ByteSource {
  return {
    name: source.name,
    size: length,
    read: (offset, count) => source.read(start + offset, count),
  };
}
