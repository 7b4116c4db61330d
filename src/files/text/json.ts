import { joinBytes, pieceSize } from "./pieces.ts";
import { deepestJson } from "./parse-json.ts";

const [quote, backslash, comma, colon, lineFeed] = [0x22, 0x5c, 0x2c, 0x3a, 0x0a];
const [openBrace, closeBrace, openBracket, closeBracket] = [0x7b, 0x7d, 0x5b, 0x5d];
const byteOrderMark = [0xef, 0xbb, 0xbf];

/** Position of a value in a JSON text. */
export interface JsonPlace {
  readonly kind: "element" | "member" | "root";
  /** Its key in the outermost object, or that of the list it is an element of. */
  readonly key: string | undefined;
  /** Its position in its list, from 0. */
  readonly index: number;
  /** Bytes before it. */
  readonly offset: number;
  /** Its own bytes. */
  readonly length: number;
  /** The line where it begins, or where its key does; counted from 1, and only on demand: 0 otherwise. */
  readonly line: number;
}

/** Treatment of a member of the outermost object: its elements one by one, all of it at once, or not at all. */
export type MemberChoice = "elements" | "whole" | "skip";

export interface JsonVisitor {
  /** Chooses what to do with a member of the outermost object whose value begins with this character. */
  member(key: string, first: string): MemberChoice;
  /**
   * Takes the text of a value: an element of the outermost list or of a chosen list, a chosen member, or the whole
   * text where that is neither a list nor an object. A SyntaxError that it throws goes on with the value's place.
   */
  value(text: string, place: JsonPlace): void;
}

export interface JsonScannerOptions {
  /** Counts lines for `JsonPlace.line`. */
  readonly lines?: boolean;
  /** Most bytes that a value may have; values that are skipped may have more. */
  readonly limit?: number;
}

/** The next token that the grammar allows, white space apart. */
type Expected =
  | "start"
  | "key"
  | "key or end"
  | "colon"
  | "value"
  | "more members"
  | "elements"
  | "more elements"
  | "end";

/** A value that has begun and may go on in the next chunk. */
type Piece = "key" | "element" | "member" | "root" | "skipped";

/**
 * Reads JSON as it arrives, in chunks of bytes, and passes on one value at a time: memory is bounded by the largest of
 * them. Throws a SyntaxError that ends with the place in bytes where the text is not JSON; of values that are skipped,
 * only brackets and quotes are checked.
 */
export class JsonScanner {
  private expected: Expected = "start";
  private piece: Piece | undefined;
  private isScalar = false;
  private depth = 0;
  private inString = false;
  private escaped = false;
  /** Bytes of the chunks before this one. */
  private before = 0;
  /** The beginning of the piece, where that is in earlier chunks. */
  private kept: Uint8Array[] = [];
  private keptBytes = 0;
  private inRootList = false;
  private key: string | undefined;
  private index = 0;
  private line = 0;
  private lines = 1;
  /** The next line feed in this chunk that is not counted; -1 if there is none. */
  private feed = -1;
  /** This chunk as text if each of its bytes is one character: its values are then slices and need no decoding. */
  private text: string | undefined;
  private readonly decoder = new TextDecoder("utf-8", { ignoreBOM: true });
  private readonly limit: number;

  constructor(
    private readonly visitor: JsonVisitor,
    private readonly options: JsonScannerOptions = {},
  ) {
    this.limit = options.limit ?? 256 << 20;
  }

  /** Reads the next chunk; what is needed of it later is copied. */
  push(chunk: Uint8Array): void {
    if (this.options.lines) this.feed = chunk.indexOf(lineFeed);
    const text = chunk.length > pieceSize ? undefined : this.decoder.decode(chunk);
    this.text = text?.length === chunk.length ? text : undefined;
    for (let at = 0; at < chunk.length;) {
      if (this.piece === undefined) {
        at = this.between(chunk, at);
        continue;
      }
      const end = this.isScalar ? scalarEnd(chunk, at) : this.nestedEnd(chunk, at);
      if (end < 0) {
        this.keep(chunk.subarray(at));
        break;
      }
      this.finish(chunk, at, end);
      at = end;
    }
    if (this.options.lines) this.countLines(chunk, chunk.length);
    this.before += chunk.length;
  }

  /** Ends the text. */
  end(): void {
    if (this.piece === "root" && this.isScalar) this.finish(new Uint8Array(0), 0, 0);
    if (this.expected !== "end" || this.piece !== undefined) {
      throw broken("it ends too early", this.before);
    }
  }

  /** Reads up to the beginning of the next piece and returns its place. */
  private between(chunk: Uint8Array, from: number): number {
    for (let at = from; at < chunk.length; at++) {
      const byte = chunk[at]!;
      if (byte === 0x20 || byte === lineFeed || byte === 0x0d || byte === 0x09) continue;
      if (this.expected === "start" && byte === byteOrderMark[this.before + at]) continue;
      if (this.read(byte, chunk, at)) return at;
    }
    return chunk.length;
  }

  /** Reads a byte between two pieces; true if it begins one. */
  private read(byte: number, chunk: Uint8Array, at: number): boolean {
    const offset = this.before + at;
    switch (this.expected) {
      case "start":
        return this.start(byte, chunk, at);
      case "key or end":
      case "key":
        if (byte === closeBrace && this.expected === "key or end") this.expected = "end";
        else if (byte === quote) return this.begin("key", byte, chunk, at);
        else throw unexpected(byte, "a key in quotes", offset);
        return false;
      case "colon":
        if (byte !== colon) throw unexpected(byte, '":"', offset);
        this.expected = "value";
        return false;
      case "value":
        return this.member(byte, chunk, at);
      case "elements":
        if (byte !== closeBracket || this.index > 0) return this.begin("element", byte, chunk, at);
        this.expected = this.inRootList ? "end" : "more members";
        return false;
      case "more elements":
        if (byte === comma) this.expected = "elements";
        else if (byte === closeBracket) this.expected = this.inRootList ? "end" : "more members";
        else throw unexpected(byte, `"," or "]" in ${this.list}`, offset);
        return false;
      case "more members":
        if (byte === comma) this.expected = "key";
        else if (byte === closeBrace) this.expected = "end";
        else throw unexpected(byte, '"," or "}"', offset);
        return false;
      case "end":
        throw unexpected(byte, "nothing after the end", offset);
    }
  }

  private start(byte: number, chunk: Uint8Array, at: number): boolean {
    if (this.before + at === 0 && (byte === 0xff || byte === 0xfe)) {
      throw broken("it is UTF-16; save it as UTF-8", 0);
    }
    this.inRootList = byte === openBracket;
    if (byte === openBrace) this.expected = "key or end";
    else if (byte === openBracket) this.expected = "elements";
    else return this.begin("root", byte, chunk, at);
    return false;
  }

  private member(byte: number, chunk: Uint8Array, at: number): boolean {
    const choice = this.visitor.member(this.key!, String.fromCharCode(byte));
    if (choice !== "elements") {
      return this.begin(choice === "whole" ? "member" : "skipped", byte, chunk, at);
    }
    if (byte !== openBracket) {
      throw unexpected(byte, `the list ${this.list}`, this.before + at);
    }
    [this.index, this.expected] = [0, "elements"];
    return false;
  }

  private get list(): string {
    return this.key === undefined ? "the list" : JSON.stringify(this.key);
  }

  private begin(piece: Piece, byte: number, chunk: Uint8Array, at: number): true {
    if (byte === comma || byte === colon || byte === closeBrace || byte === closeBracket) {
      throw unexpected(byte, "a value", this.before + at);
    }
    this.piece = piece;
    this.isScalar = byte !== openBrace && byte !== openBracket && byte !== quote;
    [this.depth, this.inString, this.escaped] = [0, false, false];
    if (this.options.lines && piece !== "member") this.line = this.countLines(chunk, at);
    return true;
  }

  /** The line of a place in this chunk. */
  private countLines(chunk: Uint8Array, to: number): number {
    while (this.feed >= 0 && this.feed < to) {
      this.lines++;
      this.feed = chunk.indexOf(lineFeed, this.feed + 1);
    }
    return this.lines;
  }

  /** The end of the string, list or object that has begun; -1 if it is not in this chunk. */
  private nestedEnd(chunk: Uint8Array, from: number): number {
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
      else if (byte === openBrace || byte === openBracket) {
        if (++depth > deepestJson) {
          throw broken(`it is nested more than ${deepestJson} levels deep`, this.before + at);
        }
      } else if ((byte === closeBrace || byte === closeBracket) && --depth === 0) return at + 1;
    }
    [this.depth, this.inString, this.escaped] = [depth, inString, escaped];
    return -1;
  }

  private keep(part: Uint8Array): void {
    this.keptBytes += part.length;
    if (this.piece === "skipped") return;
    if (this.keptBytes > this.limit) {
      const name =
        this.piece === "element" ? `entry ${this.index + 1} of ${this.list}` : "a key or value";
      throw broken(`${name} has more than ${this.limit >> 20} MB`, this.before);
    }
    this.kept.push(new Uint8Array(part));
  }

  private finish(chunk: Uint8Array, from: number, to: number): void {
    const { piece } = this;
    const offset = this.before + from - this.keptBytes;
    const length = this.keptBytes + to - from;
    if (piece !== "skipped") {
      const text = this.textOf(chunk, from, to);
      try {
        if (piece === "key") this.key = JSON.parse(text) as string;
        else if (piece !== undefined) {
          const { key, index, line } = this;
          this.visitor.value(text, { kind: piece, key, index, offset, length, line });
        }
      } catch (error) {
        if (!(error instanceof SyntaxError)) throw error;
        throw broken(error.message.replace(/ in JSON at position.*/s, ""), offset);
      }
    }
    if (piece === "element") this.index++;
    this.piece = undefined;
    if (this.keptBytes > 0) [this.kept, this.keptBytes] = [[], 0];
    this.expected =
      piece === "key"
        ? "colon"
        : piece === "element"
          ? "more elements"
          : piece === "root"
            ? "end"
            : "more members";
  }

  /** The text of the piece that ends in this chunk. */
  private textOf(chunk: Uint8Array, from: number, to: number): string {
    if (this.keptBytes === 0 && this.text !== undefined) return this.text.slice(from, to);
    return this.decoder.decode(joinBytes(this.kept, chunk.subarray(from, to)));
  }
}

/** The end of a number or word; -1 if it is not in this chunk. */
function scalarEnd(chunk: Uint8Array, from: number): number {
  for (let at = from; at < chunk.length; at++) {
    const byte = chunk[at]!;
    if (byte <= 0x20 || byte === comma || byte === closeBrace || byte === closeBracket) return at;
  }
  return -1;
}

function unexpected(byte: number, wanted: string, offset: number): SyntaxError {
  const shown = byte > 0x20 && byte < 0x7f ? `"${String.fromCharCode(byte)}"` : `byte ${byte}`;
  return broken(`${shown} where ${wanted} is expected`, offset);
}

function broken(reason: string, offset: number): SyntaxError {
  return new SyntaxError(`${reason}, at byte ${offset}`);
}
