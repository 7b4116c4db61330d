/** What a column of texts is made of, as another thread or a file holds it. */
export interface PackedTexts {
  /** All texts in UTF-8, one after the other. */
  readonly bytes: Uint8Array;
  /** Where each begins, and where the last one ends. */
  readonly starts: Uint32Array;
}

/** Texts by number in two arrays: a million file names take 30 MB, where strings would take 80. */
export class TextColumn {
  private bytes: Buffer;
  private starts: Uint32Array;

  constructor(
    { bytes, starts }: PackedTexts = { bytes: new Uint8Array(0), starts: new Uint32Array(1) },
    private count = starts.length - 1,
  ) {
    this.bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.starts = starts;
  }

  get length(): number {
    return this.count;
  }

  at(index: number): string {
    return this.bytes.toString("utf8", this.starts[index]!, this.starts[index + 1]!);
  }

  push(text: string): void {
    const start = this.starts[this.count]!;
    const most = start + 3 * text.length;
    if (most > this.bytes.length) {
      const longer = Buffer.allocUnsafeSlow(Math.max(1 << 16, 2 * most));
      longer.set(this.bytes.subarray(0, start));
      this.bytes = longer;
    }
    if (this.count + 2 > this.starts.length) {
      const longer = new Uint32Array(Math.max(1024, 2 * this.starts.length));
      longer.set(this.starts);
      this.starts = longer;
    }
    const end = start + this.bytes.write(text, start);
    this.starts[++this.count] = end;
  }

  /** The arrays, without room to grow. */
  packed(): PackedTexts {
    const starts = this.starts.slice(0, this.count + 1);
    return { bytes: new Uint8Array(this.bytes.subarray(0, starts[this.count])), starts };
  }

  /** Numbers of the texts that have this one in them, ascending. */
  *having(part: string): Generator<number> {
    const wanted = Buffer.from(part);
    if (wanted.length === 0) return;
    const end = this.starts[this.count]!;
    let index = 0;
    let at = this.bytes.indexOf(wanted);
    while (at >= 0 && at < end) {
      index = this.textAt(at, index);
      const next = this.starts[index + 1]!;
      if (at + wanted.length <= next) {
        yield index;
        at = this.bytes.indexOf(wanted, next);
      } else {
        // It goes on into the next text.
        at = this.bytes.indexOf(wanted, at + 1);
      }
    }
  }

  /** The text that a byte belongs to. @param from a text that is not behind it */
  private textAt(byte: number, from: number): number {
    let [low, high] = [from, this.count - 1];
    while (low < high) {
      const middle = (low + high + 1) >>> 1;
      if (this.starts[middle]! <= byte) low = middle;
      else high = middle - 1;
    }
    return low;
  }
}
