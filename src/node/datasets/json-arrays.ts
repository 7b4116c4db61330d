import { open, type FileHandle } from "node:fs/promises";
import { UserError } from "../../user-error.ts";
import { unreadable } from "../file-error.ts";

/** Bytes read at a time. */
const chunkSize = 4 * 1024 * 1024;

/** Largest element that is taken: an annotation with its outline has some kilobytes. */
const elementLimit = 16 * 1024 * 1024;

const [quote, backslash, comma, colon] = [0x22, 0x5c, 0x2c, 0x3a];
const [openBrace, closeBrace, openBracket, closeBracket] = [0x7b, 0x7d, 0x5b, 0x5d];

/** Where an element stands in its file, in bytes. */
export interface Place {
  readonly offset: number;
  readonly length: number;
}

export type ElementVisitor = (
  key: string,
  index: number,
  element: Readonly<Record<string, unknown>>,
  place: Place,
) => void;

/**
 * Reads a JSON file `{"key": [{...}, ...], ...}` of any size, an element of its arrays at a time: those under the
 * keys asked for go to `visit` in the order of the file, and everything else is passed over. Memory is bounded by the
 * largest element.
 */
export async function scanJsonArrays(
  path: string,
  keys: ReadonlySet<string>,
  visit: ElementVisitor,
  onProgress?: (done: number, total: number) => void,
): Promise<void> {
  let file: FileHandle;
  try {
    file = await open(path);
  } catch (error) {
    throw unreadable(path, error);
  }
  try {
    const scanner = new ArrayScanner(path, keys, visit);
    const total = (await file.stat()).size;
    const chunk = Buffer.allocUnsafe(chunkSize);
    for (let done = 0; ;) {
      const { bytesRead } = await file.read(chunk, 0, chunkSize, done);
      if (bytesRead === 0) break;
      scanner.push(chunk.subarray(0, bytesRead));
      done += bytesRead;
      onProgress?.(done, Math.max(done, total));
    }
    scanner.end();
  } catch (error) {
    if (error instanceof UserError) throw error;
    throw unreadable(path, error);
  } finally {
    await file.close();
  }
}

/** What comes next in the file, white space apart. */
type Expected =
  | "start"
  | "key"
  | "key or end"
  | "colon"
  | "value"
  | "more"
  | "elements"
  | "more elements"
  | "end";

/** A piece that is not over yet: a key, an element, or a value that is passed over. */
type Piece = "key" | "element" | "passed over" | "scalar";

class ArrayScanner {
  private expected: Expected = "start";
  private piece: Piece | undefined;
  private depth = 0;
  private inString = false;
  private escaped = false;
  /** Bytes before this chunk. */
  private before = 0;
  /** Beginning of the piece in earlier chunks. */
  private kept: Buffer[] = [];
  private keptBytes = 0;
  private key = "";
  private index = 0;

  constructor(
    private readonly path: string,
    private readonly keys: ReadonlySet<string>,
    private readonly visit: ElementVisitor,
  ) {}

  push(chunk: Buffer): void {
    let at = this.before === 0 && chunk.indexOf("\uFEFF") === 0 ? 3 : 0;
    while (at < chunk.length) {
      if (this.piece === undefined) at = this.between(chunk, at);
      if (this.piece === undefined) continue;
      const end = this.piece === "scalar" ? scalarEnd(chunk, at) : this.nestedEnd(chunk, at);
      if (end < 0) {
        this.keep(chunk.subarray(at));
        break;
      }
      this.finish(chunk, at, end);
      at = end;
    }
    this.before += chunk.length;
  }

  end(): void {
    if (this.expected !== "end" || this.piece !== undefined) {
      throw this.broken("it ends too early", this.before);
    }
  }

  /** Reads up to the beginning of the next piece and returns where that is. */
  private between(chunk: Buffer, from: number): number {
    for (let at = from; at < chunk.length; at++) {
      const byte = chunk[at]!;
      if (byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09) continue;
      switch (this.expected) {
        case "start":
          if (byte !== openBrace) throw this.unexpected(byte, '"{"', at);
          this.expected = "key or end";
          break;
        case "key or end":
        case "key":
          if (byte === closeBrace && this.expected === "key or end") this.expected = "end";
          else if (byte === quote) return this.begin("key", at);
          else throw this.unexpected(byte, "a key in quotes", at);
          break;
        case "colon":
          if (byte !== colon) throw this.unexpected(byte, '":"', at);
          this.expected = "value";
          break;
        case "value":
          if (this.keys.has(this.key)) {
            if (byte !== openBracket) throw this.unexpected(byte, `the list "${this.key}"`, at);
            [this.index, this.expected] = [0, "elements"];
            break;
          }
          return this.begin(
            byte === openBrace || byte === openBracket || byte === quote ? "passed over" : "scalar",
            at,
          );
        case "elements":
          if (byte === openBrace) return this.begin("element", at);
          if (byte !== closeBracket || this.index > 0) {
            throw this.unexpected(byte, `{...} as entry ${this.index + 1} of "${this.key}"`, at);
          }
          this.expected = "more";
          break;
        case "more elements":
          if (byte === comma) this.expected = "elements";
          else if (byte === closeBracket) this.expected = "more";
          else throw this.unexpected(byte, `"," or "]" in "${this.key}"`, at);
          break;
        case "more":
          if (byte === comma) this.expected = "key";
          else if (byte === closeBrace) this.expected = "end";
          else throw this.unexpected(byte, '"," or "}"', at);
          break;
        case "end":
          throw this.unexpected(byte, "nothing after the last }", at);
      }
    }
    return chunk.length;
  }

  private begin(piece: Piece, at: number): number {
    [this.piece, this.depth, this.inString, this.escaped] = [piece, 0, false, false];
    return at;
  }

  /** Where the string, list or object that has begun ends; -1 if not in this chunk. */
  private nestedEnd(chunk: Buffer, from: number): number {
    let { depth, inString, escaped } = this;
    for (let at = from; at < chunk.length; at++) {
      const byte = chunk[at]!;
      if (inString) {
        if (escaped) escaped = false;
        else if (byte === backslash) escaped = true;
        else if (byte === quote) {
          inString = false;
          if (depth === 0) return at + 1;
        }
      } else if (byte === quote) inString = true;
      else if (byte === openBrace || byte === openBracket) depth++;
      else if ((byte === closeBrace || byte === closeBracket) && --depth === 0) return at + 1;
    }
    [this.depth, this.inString, this.escaped] = [depth, inString, escaped];
    return -1;
  }

  private keep(part: Buffer): void {
    this.keptBytes += part.length;
    if (this.piece === "passed over" || this.piece === "scalar") return;
    if (this.keptBytes > elementLimit) {
      const what = this.piece === "key" ? "a key" : `entry ${this.index + 1} of "${this.key}"`;
      throw this.broken(`${what} has more than ${elementLimit >> 20} MB`, this.before);
    }
    this.kept.push(Buffer.from(part));
  }

  private finish(chunk: Buffer, from: number, end: number): void {
    const { piece } = this;
    const offset = this.before + from - this.keptBytes;
    if (piece === "key" || piece === "element") {
      const part = chunk.subarray(from, end);
      const bytes = this.kept.length === 0 ? part : Buffer.concat([...this.kept, part]);
      if (piece === "key") {
        this.key = this.parse(bytes, offset) as string;
      } else {
        const element = this.parse(bytes, offset) as Record<string, unknown>;
        this.visit(this.key, this.index++, element, { offset, length: bytes.length });
      }
    }
    this.expected = piece === "key" ? "colon" : piece === "element" ? "more elements" : "more";
    [this.piece, this.kept, this.keptBytes] = [undefined, [], 0];
  }

  private parse(bytes: Buffer, offset: number): unknown {
    try {
      return JSON.parse(bytes.toString("utf8"));
    } catch (error) {
      throw this.broken((error as Error).message.replace(/ in JSON at position.*/s, ""), offset);
    }
  }

  private unexpected(byte: number, wanted: string, at: number): UserError {
    const found = byte > 0x20 && byte < 0x7f ? `"${String.fromCharCode(byte)}"` : `byte ${byte}`;
    return this.broken(`${found} where ${wanted} is expected`, this.before + at);
  }

  private broken(reason: string, offset: number): UserError {
    return new UserError(`${this.path}: not readable as JSON: ${reason}, at byte ${offset}`);
  }
}

/** Where a number or word ends; -1 if not in this chunk. */
function scalarEnd(chunk: Buffer, from: number): number {
  for (let at = from; at < chunk.length; at++) {
    const byte = chunk[at]!;
    if (byte <= 0x20 || byte === comma || byte === closeBrace || byte === closeBracket) return at;
  }
  return -1;
}
