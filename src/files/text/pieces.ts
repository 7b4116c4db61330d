import { closeSync, openSync, readSync } from "node:fs";
import { open, readFile, type FileHandle } from "node:fs/promises";
import { UserError } from "../../user-error.ts";
import { unreadable } from "../../host/node/files/file-error.ts";

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

/** A file in chunks of bytes, each valid until the next is read, that may be gone through again. */
export type Bytes = Iterable<Uint8Array>;

/** Bytes of a piece: of larger ones what is done with stays in memory for long, as V8 keeps large texts apart. */
const pieceSize = 1 << 16;

/**
 * Hands a text file to a reader in pieces, so that it is never in memory as a whole: of a million images it has 30 to 60 MB.
 * Read without giving way to other work, as folders are.
 */
export function readPieces<R>(path: string, read: (text: Text) => R, bytes = pieceSize): R {
  return readAgain(path, () => piecesOf(path, bytes), read);
}

/** Hands the bytes of a file to a reader in the same way. */
export function readChunks<R>(path: string, read: (chunks: Bytes) => R, bytes = pieceSize): R {
  return readAgain(path, () => chunksOf(path, bytes), read);
}

/** Calls a reader with something that it may go through several times. */
function readAgain<T, R>(
  path: string,
  begin: () => Generator<T, void>,
  read: (parts: Iterable<T>) => R,
): R {
  const begun: Generator<T, void>[] = [];
  const beginNext = (): Generator<T, void> => {
    const parts = begin();
    begun.push(parts);
    return parts;
  };
  try {
    return read({ [Symbol.iterator]: beginNext });
  } catch (error) {
    // A line or value that is longer than a string can be.
    if (error instanceof RangeError) throw unreadable(path, error);
    throw error;
  } finally {
    // Closes the file where the reader stopped early.
    for (const parts of begun) parts.return();
  }
}

function* chunksOf(path: string, bytes: number): Generator<Buffer, void> {
  const chunk = Buffer.allocUnsafe(bytes);
  const file = orUnreadable(path, () => openSync(path, "r"));
  try {
    while (true) {
      const count = orUnreadable(path, () => readSync(file, chunk, 0, bytes, null));
      if (count === 0) return;
      yield chunk.subarray(0, count);
    }
  } finally {
    closeSync(file);
  }
}

function* piecesOf(path: string, bytes: number): Generator<string, void> {
  let kept: Buffer[] = [];
  let first = true;
  const decode = (end: Buffer): string => {
    const whole = kept.length === 0 ? end : Buffer.concat([...kept, end]);
    const text = whole.toString("utf8");
    kept = [];
    return first ? text.replace(/^\uFEFF/, "") : text;
  };
  for (const chunk of chunksOf(path, bytes)) {
    const cut = cutOf(chunk, chunk.length);
    if (cut > 0) {
      yield orUnreadable(path, () => decode(chunk.subarray(0, cut)));
      first = false;
    }
    if (cut < chunk.length) kept.push(Buffer.from(chunk.subarray(cut)));
  }
  if (kept.length > 0) yield orUnreadable(path, () => decode(Buffer.alloc(0)));
}

/** Bytes that are read at a time where the file may be of any size. */
const chunkSize = 4 * 1024 * 1024;

/** A reader that takes bytes as they come. */
export interface ByteSink {
  push(chunk: Uint8Array): void;
  end(): void;
}

/** Pushes a file to a reader of JSON, giving way to other work between its chunks. */
export async function pushJson(
  path: string,
  sink: ByteSink,
  {
    onProgress,
    isDone = () => false,
  }: {
    readonly onProgress?: ((done: number, total: number) => void) | undefined;
    /** Stops the reading before the end of the file. */
    readonly isDone?: () => boolean;
  } = {},
): Promise<void> {
  let file: FileHandle | undefined;
  try {
    file = await open(path);
    const total = (await file.stat()).size;
    const chunk = Buffer.allocUnsafe(Math.max(1, Math.min(chunkSize, total)));
    for (let done = 0; !isDone();) {
      const { bytesRead } = await file.read(chunk, 0, chunk.length, done);
      if (bytesRead === 0) return sink.end();
      sink.push(chunk.subarray(0, bytesRead));
      done += bytesRead;
      onProgress?.(done, Math.max(done, total));
    }
  } catch (error) {
    if (error instanceof UserError) throw error;
    if (error instanceof SyntaxError) {
      throw new UserError(`${path}: not readable as JSON: ${error.message}`, { cause: error });
    }
    throw unreadable(path, error);
  } finally {
    await file?.close();
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
