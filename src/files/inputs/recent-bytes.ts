/** Bytes of the files that were read last: an image is read for its size, its pixels and its copies. */
export class RecentBytes {
  private readonly files = new Map<string, { bytes: Promise<Uint8Array>; size: number }>();
  private total = 0;

  /** @param limit most bytes to keep; those of a single larger file are not */
  constructor(private readonly limit: number) {}

  /** The bytes of a file, by `read` if they are not kept. Several readers at a time share one reading. */
  get(path: string, read: () => Promise<Uint8Array>): Promise<Uint8Array> {
    const known = this.files.get(path);
    if (known) {
      // The last one in the order of the map is the one that was used last.
      this.files.delete(path);
      this.files.set(path, known);
      return known.bytes;
    }
    const file = { bytes: read(), size: 0 };
    this.files.set(path, file);
    file.bytes.then(
      ({ length }) => this.keep(path, file, length),
      () => this.files.get(path) === file && this.files.delete(path),
    );
    return file.bytes;
  }

  private keep(path: string, file: { size: number }, size: number): void {
    if (this.files.get(path) !== file) return;
    file.size = size;
    this.total += size;
    for (const [oldest, { size: bytes }] of this.files) {
      if (this.total <= this.limit) break;
      // Those that are being read have no size yet.
      if (bytes === 0) continue;
      this.files.delete(oldest);
      this.total -= bytes;
    }
  }
}
