import { TextWindow, type Text } from "./text-file.ts";

/** Longest text that patterns are tried on: they keep something of each letter meanwhile, in a place of limited size. */
export const matchLimit = 4 << 20;

/** Goes through the values of a JSON text; a SyntaxError where it is none. */
export class JsonScanner {
  private readonly window: TextWindow;
  private at = 0;
  /** Where the latest value began. */
  private began = 0;
  private counted = 0;
  private lines = 1;

  constructor(text: Text) {
    this.window = new TextWindow(text);
  }

  /** The next character that is no blank, which is then before us; empty at the end. */
  next(): string {
    do {
      const { text } = this.window;
      while (isBlank(text.charCodeAt(this.at))) this.at++;
      if (this.at < text.length) return text.charAt(this.at);
    } while (this.extend());
    return "";
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
    let end = endOf(this.window.text, this.at);
    // What ends with the window may go on behind it.
    while (end === this.window.text.length && this.extend()) end = endOf(this.window.text, this.at);
    this.began = this.at;
    this.at = end;
    return JSON.parse(this.window.text.slice(this.began, end)) as unknown;
  }

  /** What a sticky pattern of whole values finds here, which is gone past; null if it finds nothing. */
  match(pattern: RegExp): RegExpExecArray | null {
    const { text } = this.window;
    if (text.length > matchLimit) return null;
    pattern.lastIndex = this.at;
    const found = pattern.exec(text);
    if (found) [this.began, this.at] = [this.at, pattern.lastIndex];
    return found;
  }

  /** The line here, from 1. */
  get line(): number {
    this.lines += lineFeeds(this.window.text, this.counted, this.at);
    this.counted = this.at;
    return this.lines;
  }

  /** Lines from where the latest value begins to where a file name is first written in it; 0 if it is written in another way. */
  linesTo(file: unknown): number {
    const written = this.window.text.slice(this.began, this.at);
    if (typeof file !== "string" || !written.includes("\n")) return 0;
    const place = written.indexOf(JSON.stringify(file));
    return place < 0 ? 0 : lineFeeds(written, 0, place);
  }

  /** Puts more into the window, and drops what is gone past; false at the end. */
  private extend(): boolean {
    const { at, line } = this;
    if (!this.window.extend(at)) return false;
    [this.at, this.counted, this.lines] = [0, 0, line];
    return true;
  }
}

/** Where the value ends that begins at `from`. */
function endOf(text: string, from: number): number {
  let depth = 0;
  for (let at = from; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === QUOTE) {
      at = endOfText(text, at);
      if (depth === 0) return Math.min(at + 1, text.length);
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

/** Of the part from a place to another; what is behind it is not searched, for it may be long. */
export function lineFeeds(text: string, from: number, to: number): number {
  const part = text.slice(from, to);
  let count = 0;
  for (let i = part.indexOf("\n"); i >= 0; i = part.indexOf("\n", i + 1)) count++;
  return count;
}
