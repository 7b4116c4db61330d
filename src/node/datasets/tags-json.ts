import { show, type TagLines } from "./tag-lines.ts";
import { linesOf } from "./text-file.ts";

/** Reads an object `{file, tags, split}` a line. */
export function readJsonLines(text: string, out: TagLines): void {
  let line = 0;
  for (const row of linesOf(text)) {
    line++;
    if (row.trim() === "") continue;
    try {
      out.add(JSON.parse(row), line);
    } catch (error) {
      out.error(`not readable as JSON: ${(error as Error).message}`, line);
    }
  }
}

/**
 * Reads a list of objects `{file, tags, split}`, or an object of lists of tags: an element at a time, which for a
 * million of them takes a quarter of the memory.
 */
export function readJson(text: string, out: TagLines): void {
  const scanner = new JsonScanner(text);
  try {
    if (scanner.next() === "[") readList(scanner, out);
    else if (scanner.next() === "{") readObject(scanner, out);
    else {
      const held = show(scanner.value());
      out.error(`the file holds ${held}, expected a list or an object of images`, 1);
    }
    scanner.end();
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    const { message, line } = explain(text, error);
    out.refuse(`not readable as JSON: ${message}`, line);
  }
}

function readList(scanner: JsonScanner, out: TagLines): void {
  let count = 0;
  scanner.elements("]", () => {
    const [from, line] = [scanner.at, scanner.line];
    const value = scanner.value();
    const file = (value as { file?: unknown } | null)?.file;
    out.add(value, line + scanner.linesTo(file, from), `entry ${++count}`);
  });
}

function readObject(scanner: JsonScanner, out: TagLines): void {
  scanner.elements("}", () => {
    const { line } = scanner;
    const file = scanner.value();
    if (typeof file !== "string") throw new SyntaxError("a name is expected");
    scanner.take(":");
    out.add({ file, tags: scanner.value() }, line);
  });
}

/** Goes through the values of a JSON text; a SyntaxError where it is none. */
class JsonScanner {
  at = 0;
  private counted = 0;
  private lines = 1;

  constructor(private readonly text: string) {}

  /** The next character that is no blank, which `at` then stands before; empty at the end. */
  next(): string {
    while (isBlank(this.text.charCodeAt(this.at))) this.at++;
    return this.text.charAt(this.at);
  }

  take(character: string): void {
    if (this.next() !== character) throw new SyntaxError(`${character} is expected`);
    this.at++;
  }

  end(): void {
    if (this.next() !== "") throw new SyntaxError("the end is expected");
  }

  /** Goes through a list or object that closes like this; `read` takes an element. */
  elements(close: string, read: () => void): void {
    this.at++;
    if (this.next() !== close) {
      do {
        this.next();
        read();
      } while (this.next() === "," && ++this.at);
    }
    this.take(close);
  }

  /** The value that begins here, which is gone past. */
  value(): unknown {
    this.next();
    const from = this.at;
    this.at = endOf(this.text, from);
    return JSON.parse(this.text.slice(from, this.at)) as unknown;
  }

  /** The line here, from 1. */
  get line(): number {
    this.lines += lineFeeds(this.text, this.counted, this.at);
    this.counted = this.at;
    return this.lines;
  }

  /** Lines from a place before to where a file name is first written; 0 if it is written in another way. */
  linesTo(file: unknown, from: number): number {
    if (typeof file !== "string") return 0;
    const written = this.text.slice(from, this.at).indexOf(JSON.stringify(file));
    return written < 0 ? 0 : lineFeeds(this.text, from, from + written);
  }
}

/** Where the value ends that begins at `from`. */
function endOf(text: string, from: number): number {
  let depth = 0;
  for (let at = from; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === QUOTE) {
      at = endOfText(text, at);
      if (depth === 0) return at + 1;
    } else if (code === BRACKET || code === BRACE) depth++;
    else if (code === BRACKET + 2 || code === BRACE + 2) {
      depth--;
      if (depth <= 0) return depth === 0 ? at + 1 : at;
    } else if (depth === 0 && (isBlank(code) || code === COMMA || code === COLON)) return at;
  }
  return text.length;
}

/** Where the quote is that ends a text. */
function endOfText(text: string, from: number): number {
  for (let at = from + 1; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === QUOTE) return at;
    if (code === BACKSLASH) at++;
  }
  return text.length;
}

const [QUOTE, COMMA, COLON, BACKSLASH, BRACKET, BRACE] = [...'",:\\[{'].map((letter) =>
  letter.charCodeAt(0),
) as [number, number, number, number, number, number];

function isBlank(code: number): boolean {
  return code === 32 || code === 10 || code === 13 || code === 9;
}

/** What JSON.parse has to say of the whole text, and the line it speaks of. */
function explain(text: string, found: SyntaxError): { message: string; line: number } {
  let { message } = found;
  try {
    JSON.parse(text);
  } catch (error) {
    ({ message } = error as Error);
  }
  const position = Number(/position (\d+)/.exec(message)?.[1] ?? text.length);
  const line = 1 + lineFeeds(text, 0, position);
  return { message: message.replace(/ in JSON at position.*/, ""), line };
}

/** Of the part from a place to another; what is behind it is not searched, for it may be long. */
function lineFeeds(text: string, from: number, to: number): number {
  const part = text.slice(from, to);
  let count = 0;
  for (let i = part.indexOf("\n"); i >= 0; i = part.indexOf("\n", i + 1)) count++;
  return count;
}
