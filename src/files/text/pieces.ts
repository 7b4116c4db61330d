import type { Store } from "../../host/store.ts";
import { UserError } from "../../user-error.ts";
import { decodeLines, encodingSample, utf16Of, type Encoding } from "./encoding.ts";

/** The part of a store that reads a file piece by piece. */
export type PieceStore = Pick<Store, "pieces">;

/** A reader that takes a text piece by piece; a line or a field may begin in one piece and end in a later one. */
export interface TextSink {
  push(piece: string): void;
  /** Ends the text. */
  end(): void;
  /** Whether an error ended the reading, so that the rest of the text is not needed. */
  readonly isDone?: boolean;
}

/** A reader that takes bytes piece by piece; each piece is valid only until the next. */
export interface ByteSink {
  push(piece: Uint8Array): void;
  /** Ends the file. */
  end(): void;
}

/** Bytes of a text's pieces. V8 keeps larger strings in a space of its own, which it clears late. */
export const pieceSize = 1 << 16;

/** Bytes of the pieces of JSON files, which may be of any size. */
const jsonPieceSize = 4 << 20;

/** The type of a decoder, whose name in some environments is that of a value alone. */
type Decoder = InstanceType<typeof TextDecoder>;

const lineFeed = 10;

/** Takes the encoding of a text that is not UTF-8, and the first line that shows it. */
export type OnEncoding = (encoding: Encoding, line: string) => void;

/**
 * Pushes a text to a reader, piece by piece and without its byte order mark, so that it is never in memory as a whole:
 * the lists of a million images have 30 to 60 MB. It is UTF-8, UTF-16 or, in lines that are not UTF-8, Windows-1252.
 */
export async function pushText(
  store: PieceStore,
  path: string,
  sink: TextSink,
  bytes = pieceSize,
  onEncoding?: OnEncoding,
): Promise<void> {
  const decoder = new PieceDecoder(onEncoding);
  await withinStringLength(path, async () => {
    for await (const piece of store.pieces(path, bytes)) {
      const text = decoder.decode(piece);
      if (text !== "") sink.push(text);
      if (sink.isDone) return;
    }
    const rest = decoder.end();
    if (rest !== "") sink.push(rest);
    sink.end();
  });
}

/** Pushes the bytes of a file to a reader, piece by piece; those of a text in UTF-16 as UTF-8. */
export async function pushBytes(
  store: PieceStore,
  path: string,
  sink: ByteSink,
  bytes = pieceSize,
): Promise<void> {
  let decoder: Decoder | undefined;
  const encoder = new TextEncoder();
  await withinStringLength(path, async () => {
    let isFirst = true;
    for await (const piece of store.pieces(path, bytes)) {
      const wide = isFirst ? utf16Of(piece) : undefined;
      if (wide) decoder = new TextDecoder(wide);
      isFirst = false;
      sink.push(decoder ? encoder.encode(decoder.decode(piece, { stream: true })) : piece);
    }
    sink.end();
  });
}

export interface PushJsonOptions {
  readonly onProgress?: ((done: number, total: number) => void) | undefined;
  /** Stops the reading before the end of the file. */
  readonly isDone?: () => boolean;
}

/** Pushes a JSON file to a reader; a UserError names the file if the reader throws a SyntaxError. */
export async function pushJson(
  store: Pick<Store, "pieces" | "stat">,
  path: string,
  sink: ByteSink,
  { onProgress, isDone = () => false }: PushJsonOptions = {},
): Promise<void> {
  const total = (await store.stat(path))?.size ?? 0;
  let done = 0;
  try {
    await withinStringLength(path, async () => {
      if (isDone()) return;
      for await (const piece of store.pieces(path, Math.max(1, Math.min(jsonPieceSize, total)))) {
        sink.push(piece);
        done += piece.length;
        onProgress?.(done, Math.max(done, total));
        if (isDone()) return;
      }
      sink.end();
    });
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    throw new UserError(`${path}: not readable as JSON: ${error.message}`, { cause: error });
  }
}

/** Turns the RangeError of a string that would be too long into a UserError about the file. */
async function withinStringLength(path: string, read: () => Promise<void>): Promise<void> {
  try {
    await read();
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw new UserError(`${path}: cannot be read: ${error.message}`, { cause: error });
  }
}

/**
 * Decodes a text piece by piece. Pieces of UTF-8 are cut behind their last line feed and the rest waits for the next piece: no
 * character is split, texts mostly end with a line, and the decoder can use its fast path for whole texts.
 */
class PieceDecoder {
  private waiting: Uint8Array[] = [];
  private isFirst = true;
  /** Decoder of UTF-16; null for other texts, undefined while too few bytes are known. */
  private wide: Decoder | null | undefined;
  private hasToldEncoding = false;

  constructor(private readonly onEncoding?: OnEncoding) {}

  decode(piece: Uint8Array): string {
    if (this.wide === undefined) {
      const begin = joinBytes(this.waiting, piece);
      if (begin.length < encodingSample) {
        this.waiting = [begin.slice()];
        return "";
      }
      return this.begin(begin);
    }
    if (this.wide) return this.wide.decode(piece, { stream: true });
    const cut = cutOf(piece);
    const text = cut > 0 ? this.take(piece.subarray(0, cut)) : "";
    // The next piece may overwrite this one.
    if (cut < piece.length) this.waiting.push(piece.slice(cut));
    return text;
  }

  end(): string {
    const begun = this.wide === undefined ? this.begin(joinBytes(this.waiting, noBytes)) : "";
    if (this.wide) return begun + this.wide.decode();
    return this.waiting.length > 0 ? begun + this.take(noBytes) : begun;
  }

  /** Decides on the encoding by the first bytes, and decodes them. */
  private begin(bytes: Uint8Array): string {
    this.waiting = [];
    const wide = utf16Of(bytes);
    this.wide = wide ? new TextDecoder(wide) : null;
    const text = this.decode(bytes);
    if (wide) this.tell(wide, text.split(/[\r\n]/)[0]!);
    return text;
  }

  private take(last: Uint8Array): string {
    const bytes = joinBytes(this.waiting, last);
    const text = decodeLines(bytes, (line) => this.tell("windows-1252", line));
    this.waiting = [];
    if (!this.isFirst) return text;
    this.isFirst = false;
    return text.replace(/^\uFEFF/, "");
  }

  private tell(encoding: Encoding, line: string): void {
    if (!this.hasToldEncoding) this.onEncoding?.(encoding, line);
    this.hasToldEncoding = true;
  }
}

const noBytes = new Uint8Array(0);

/** A place where a character begins: behind the last line feed, else at the last ASCII character; 0 without either. */
function cutOf(bytes: Uint8Array): number {
  const feed = bytes.lastIndexOf(lineFeed);
  if (feed >= 0) return feed + 1;
  let cut = bytes.length - 1;
  while (cut > 0 && bytes[cut]! >= 0x80) cut--;
  return cut;
}

/** Several runs of bytes as one; a single run is not copied. */
export function joinBytes(parts: readonly Uint8Array[], last: Uint8Array): Uint8Array {
  if (parts.length === 0) return last;
  const whole = new Uint8Array(parts.reduce((sum, { length }) => sum + length, last.length));
  let at = 0;
  for (const part of [...parts, last]) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

/**
 * Text that a reader has not consumed yet. While a line or record stays incomplete, the next attempt waits until there
 * is twice as much text, so that even a record as long as the file is scanned only a few times.
 */
export class PendingText {
  private parts: string[] = [];
  private length = 0;
  private needed = 0;

  /** Adds a piece and returns all the text to read, or undefined if a further piece should come first. */
  push(piece: string): string | undefined {
    this.parts.push(piece);
    this.length += piece.length;
    return this.length < this.needed ? undefined : this.take();
  }

  /** Returns all the text and forgets it. */
  take(): string {
    const text = this.parts.length === 1 ? this.parts[0]! : this.parts.join("");
    [this.parts, this.length, this.needed] = [[], 0, 0];
    return text;
  }

  /** Keeps the beginning of a line or record that is not complete. */
  keep(rest: string): void {
    if (rest === "") return;
    [this.parts, this.length, this.needed] = [[rest], rest.length, 2 * rest.length];
  }
}

/** Splits a text into lines; each ends with a line feed, which a carriage return may precede. */
export class LineReader implements TextSink {
  private readonly pending = new PendingText();

  constructor(private readonly take: (line: string) => void) {}

  push(piece: string): void {
    const text = this.pending.push(piece);
    if (text === undefined) return;
    let start = 0;
    for (let feed = text.indexOf("\n"); feed >= 0; feed = text.indexOf("\n", start)) {
      this.take(text.slice(start, text[feed - 1] === "\r" && feed > start ? feed - 1 : feed));
      start = feed + 1;
    }
    this.pending.keep(text.slice(start));
  }

  end(): void {
    const rest = this.pending.take();
    if (rest !== "") this.push(rest.endsWith("\n") ? rest : `${rest}\n`);
  }
}

/** A copy of a text with memory of its own; a slice of a longer text would keep all of that in memory. */
export function ownCopy(text: string): string {
  return [text.slice(0, 1), text.slice(1)].join("");
}
