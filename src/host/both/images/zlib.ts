/** Deflate in the format of zlib, as each host has it. */
export interface Zlib {
  /** Packs bytes in which equal values come in runs. */
  deflate(bytes: Uint8Array): Uint8Array;
  /** As `deflate`, for content that comes in pieces and is never joined. */
  deflatePieces(pieces: Iterable<Uint8Array>): Promise<Uint8Array>;
  /** Unpacks at most `size` bytes, in one buffer; an Error for more, or for damaged data. */
  inflate(packed: Uint8Array, size: number): Uint8Array;
  /** Checksum as in PNG and zip. */
  crc32(bytes: Uint8Array): number;
}
