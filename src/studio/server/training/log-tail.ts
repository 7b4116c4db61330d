import { open, stat } from "node:fs/promises";

/** Bytes that are read at a time, so that other requests are answered in between. */
const pieceBytes = 1 << 18;

/** What has become of a log since it was last looked at. */
export interface LogChange {
  /** Lines that are still those of before. */
  readonly kept: number;
  /** Lines after them, without their breaks. */
  readonly added: readonly string[];
}

/**
 * Follows a file of lines that grows at its end and may be cut back, as log.jsonl is when a run is resumed. Every line has a
 * mark that depends on it and all lines before: the same mark at the same number means the same beginning of the log.
 */
export class LogTail {
  private file = "";
  /** Position after each line, and its mark. */
  private ends: number[] = [];
  private marks: number[] = [];

  constructor(readonly path: string) {}

  get lines(): number {
    return this.ends.length;
  }

  /** Whether the log has the line of this number, counted from 1, with this mark. */
  has(line: number, mark: string): boolean {
    return line > 0 && this.markOf(line) === mark;
  }

  markOf(line: number): string | undefined {
    const mark = this.marks[line - 1];
    return mark === undefined ? undefined : (mark >>> 0).toString(16).padStart(8, "0");
  }

  /** The lines from a number on, counted from 1, a piece at a time. */
  async *from(first: number): AsyncGenerator<{ readonly first: number; readonly lines: string[] }> {
    const start = first <= 1 ? 0 : (this.ends[first - 2] ?? 0);
    const end = this.ends.at(-1) ?? 0;
    for await (const { lines } of readLines(this.path, start, end)) {
      // Another file may have taken the place of the one that was looked at.
      for (const [i, text] of lines.entries()) {
        const line = first + i;
        if (markAfter(this.marks[line - 2] ?? 0, text) !== this.marks[line - 1]) return;
      }
      yield { first, lines };
      first += lines.length;
    }
  }

  /** Reads what is new. Only whole lines count. One look at a time. */
  async look(): Promise<LogChange> {
    const info = await stat(this.path).catch(() => undefined);
    const before = this.lines;
    if (!info) {
      this.forget(0);
      return { kept: 0, added: [] };
    }
    const file = `${info.dev} ${info.ino}`;
    const known = this.ends.at(-1) ?? 0;
    const continues = file === this.file && info.size >= known;
    if (continues && info.size === known) return { kept: before, added: [] };
    this.file = file;
    // A file in the other's place: its lines are compared with those that are known.
    let isSame = !continues;
    let line = continues ? before : 0;
    const added: string[] = [];
    for await (const { lines, ends } of readLines(this.path, continues ? known : 0, info.size)) {
      for (const [i, text] of lines.entries()) {
        const mark = markAfter(this.marks[line - 1] ?? 0, text);
        if (isSame && this.marks[line] === mark && this.ends[line] === ends[i]) line++;
        else {
          if (isSame) this.forget(line);
          isSame = false;
          this.marks.push(mark);
          this.ends.push(ends[i]!);
          line++;
          added.push(text);
        }
      }
    }
    if (isSame) this.forget(line);
    return { kept: this.lines - added.length, added };
  }

  private forget(from: number): void {
    this.ends.length = Math.min(from, this.ends.length);
    this.marks.length = this.ends.length;
  }
}

/** FNV-1a over the letters of a line, begun with the mark of the line before. */
function markAfter(before: number, line: string): number {
  let hash = before ^ 0x811c9dc5;
  for (let i = 0; i < line.length; i++) hash = Math.imul(hash ^ line.charCodeAt(i), 0x01000193);
  return hash | 0;
}

/** The whole lines of a part of a file, and the position after each. */
async function* readLines(
  path: string,
  start: number,
  end: number,
): AsyncGenerator<{ readonly lines: string[]; readonly ends: number[] }> {
  const file = await open(path, "r").catch(() => undefined);
  if (!file) return;
  try {
    let rest = Buffer.alloc(0);
    for (let at = start; at < end;) {
      const buffer = Buffer.allocUnsafe(Math.min(pieceBytes, end - at));
      const { bytesRead } = await file.read(buffer, 0, buffer.length, at);
      if (bytesRead === 0) return;
      const piece = Buffer.concat([rest, buffer.subarray(0, bytesRead)]);
      const first = at - rest.length;
      const lines: string[] = [];
      const ends: number[] = [];
      let from = 0;
      for (let to = piece.indexOf(10); to >= 0; to = piece.indexOf(10, from)) {
        lines.push(piece.toString("utf8", from, to));
        from = to + 1;
        ends.push(first + from);
      }
      rest = piece.subarray(from);
      at += bytesRead;
      if (lines.length > 0) yield { lines, ends };
    }
  } finally {
    await file.close();
  }
}
