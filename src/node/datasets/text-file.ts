import { closeSync, openSync, readSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { unreadable } from "../file-error.ts";

/** A text file without its byte order mark. */
export async function readText(path: string): Promise<string> {
  try {
    return (await readFile(path, "utf8")).replace(/^\uFEFF/, "");
  } catch (error) {
    throw unreadable(path, error);
  }
}

/** A text as a whole, or in pieces that may be gone through again. */
export type Text = string | Iterable<string>;

/** Bytes of a piece: of larger ones what is done with stays in memory for long, as V8 keeps large texts apart. */
const pieceSize = 1 << 16;

/**
 * Hands a text file to a reader in pieces, so that it is never in memory as a whole: of a million images it has 30 to 60 MB.
 * Read without giving way to other work, as folders are.
 */
export function readPieces<R>(path: string, read: (text: Text) => R, bytes = pieceSize): R {
  const begun: Generator<string, void>[] = [];
  const begin = (): Generator<string, void> => {
    const pieces = piecesOf(path, bytes);
    begun.push(pieces);
    return pieces;
  };
  try {
    return read({ [Symbol.iterator]: begin });
  } catch (error) {
    // A line or value that is longer than a string can be.
    if (error instanceof RangeError) throw unreadable(path, error);
    throw error;
  } finally {
    // Closes the file where the reader stopped early.
    for (const pieces of begun) pieces.return();
  }
}

function* piecesOf(path: string, bytes: number): Generator<string, void> {
  const chunk = Buffer.allocUnsafe(bytes);
  let kept: Buffer[] = [];
  let first = true;
  const decode = (end: Buffer): string => {
    const whole = kept.length === 0 ? end : Buffer.concat([...kept, end]);
    const text = whole.toString("utf8");
    kept = [];
    return first ? text.replace(/^\uFEFF/, "") : text;
  };
  const file = orUnreadable(path, () => openSync(path, "r"));
  try {
    while (true) {
      const count = orUnreadable(path, () => readSync(file, chunk, 0, bytes, null));
      if (count === 0) break;
      const cut = cutOf(chunk, count);
      if (cut > 0) {
        yield orUnreadable(path, () => decode(chunk.subarray(0, cut)));
        first = false;
      }
      if (cut < count) kept.push(Buffer.from(chunk.subarray(cut, count)));
    }
    if (kept.length > 0) yield orUnreadable(path, () => decode(Buffer.alloc(0)));
  } finally {
    closeSync(file);
  }
}

/** Where a character surely begins: behind the last line feed, or before the last letter of ASCII; 0 if there is none. */
function cutOf(chunk: Buffer, count: number): number {
  const feed = chunk.lastIndexOf(10, count - 1);
  if (feed >= 0) return feed + 1;
  let cut = count - 1;
  while (cut > 0 && chunk[cut]! >= 0x80) cut--;
  return cut;
}

function orUnreadable<R>(path: string, apply: () => R): R {
  try {
    return apply();
  } catch (error) {
    throw unreadable(path, error);
  }
}

/** What is read of a text at the moment: pieces are put in as they are needed, and what is done with is dropped. */
export class TextWindow {
  text = "";
  private readonly pieces: Iterator<string>;
  private ended = false;
  private count = 1;

  constructor(text: Text) {
    this.pieces = (typeof text === "string" ? [text] : text)[Symbol.iterator]();
    this.extend(0);
  }

  /**
   * Drops what is before a place, and puts in what follows; false if nothing does. As long as nothing is dropped it puts in
   * ever more, so that what is looked at again and again is not looked at too often.
   */
  extend(from: number): boolean {
    this.count = from > 0 ? 1 : 2 * this.count;
    const parts = [this.text.slice(from)];
    for (let i = 0; i < this.count && !this.ended; i++) {
      const { done, value } = this.pieces.next();
      if (done) this.ended = true;
      else parts.push(value);
    }
    if (parts.length === 1) return false;
    this.text = parts.join("");
    return true;
  }

  /** All there is from a place on. */
  rest(from: number): string {
    while (this.extend(from)) from = 0;
    return this.text.slice(from);
  }
}

/** The lines of a text one after the other, which for a million takes less memory than all at once. */
export function* linesOf(text: Text): Generator<string, void> {
  const window = new TextWindow(text);
  let at = 0;
  while (true) {
    const feed = window.text.indexOf("\n", at);
    if (feed < 0 && window.extend(at)) {
      at = 0;
      continue;
    }
    const { length } = window.text;
    if (at === length) return;
    const end = feed < 0 ? length : feed;
    yield window.text.slice(at, window.text[end - 1] === "\r" && end > at ? end - 1 : end);
    at = Math.min(end + 1, length);
  }
}

/** The same text that is no part of another, which it would keep in memory. */
export function ownCopy(text: string): string {
  return [text.slice(0, 1), text.slice(1)].join("");
}
