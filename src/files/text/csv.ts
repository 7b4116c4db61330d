import { PendingText, type TextSink } from "./pieces.ts";

/**
 * A text as a field of a CSV file, in quotes where it has a separator, a quote or outer spaces. One that a spreadsheet would
 * take for a formula gets an apostrophe in front, which `CsvParser` takes away again; numbers stay as they are.
 */
export function csvField(text: string): string {
  const field = looksLikeFormula.test(text) && !number.test(text) ? `'${text}` : text;
  return /[",\r\n]|^\s|\s$/.test(field) ? `"${field.replaceAll('"', '""')}"` : field;
}

/** Also what only looks like a protected formula, so that taking an apostrophe away gives back the text. */
const looksLikeFormula = /^'*[=+\-@\t\r]/;
const number = /^[-+]?(\d+\.?\d*|\.\d+)(e[-+]?\d+)?$/i;

/** Takes away the apostrophe with which `csvField` protects a text. */
function unprotected(field: string): string {
  return field.startsWith("'") && looksLikeFormula.test(field) ? field.slice(1) : field;
}

/** The rows of a CSV text, empty lines left out; a CsvError if it is not well-formed. */
export function parseCsv(text: string): string[][] {
  const rows: string[][] = [];
  const parser = new CsvParser((fields) => rows.push(fields));
  parser.push(text);
  parser.end();
  return rows;
}

/** A text that is not CSV, and the line where it goes wrong, counted from 1. */
export class CsvError extends SyntaxError {
  override readonly name = "CsvError";

  constructor(
    message: string,
    readonly line: number,
  ) {
    super(message);
  }
}

const quote = '"';
const [tab, lineFeed, formFeed, carriageReturn, space, quoteCode] = [9, 10, 12, 13, 32, 34];

/** Outcome of an attempt to read a record whose end is not in the text so far. */
const incomplete = -1;

/**
 * Reads comma-separated values (RFC 4180) from pieces of a text. Fields may stand in quotes, `"a, ""b"""`, and then
 * hold commas, line breaks and doubled quotes; blanks around a field do not count, nor do empty lines. Lines end with
 * LF or CR LF, or with CR alone if the first line does. Other separators than the comma may be allowed: spreadsheets write
 * semicolons where the comma is the decimal sign, or tabs. The first one outside of quotes then separates all fields. An apostrophe
 * before what looks like a formula is taken away, see `csvField`.
 *
 * Records without a quote are cut by `indexOf` and `split`, which keeps a million of them below a second; the others
 * are read character by character.
 */
export class CsvParser implements TextSink {
  private readonly pending = new PendingText();
  /** Code of the character that ends a line; undefined until the first line has shown it. */
  private lineEnd: number | undefined;
  /** The line where the next record begins. */
  private line = 1;
  /** The record read last, and the lines it spans. */
  private fields: string[] = [];
  private lines = 1;

  /**
   * @param take called for every record with its fields and the line where it begins
   * @param separators characters of which one separates the fields
   */
  constructor(
    private readonly take: (fields: string[], line: number) => void,
    private separators = ",",
  ) {}

  /** The character that separates the fields; a text without any could have each of those allowed. */
  get separator(): string {
    return this.separators[0]!;
  }

  push(piece: string): void {
    const text = this.pending.push(piece);
    if (text !== undefined) this.pending.keep(text.slice(this.readRecords(text, false)));
  }

  end(): void {
    this.readRecords(this.pending.take(), true);
  }

  /**
   * Reads all complete records and returns the place behind them.
   * @param isLast whether the end of the text ends the last record too
   */
  private readRecords(text: string, isLast: boolean): number {
    let at = 0;
    while (at < text.length) {
      const next = this.readRecord(text, at, isLast);
      if (next === incomplete) break;
      if (this.fields.length > 0) this.take(this.fields.map(unprotected), this.line);
      this.line += this.lines;
      at = next;
    }
    return at;
  }

  /** Reads one record into `fields`, none for an empty line, and returns the place behind its line end. */
  private readRecord(text: string, start: number, isLast: boolean): number {
    if (this.lineEnd === undefined) {
      // A carriage return at the end may be half of a line end.
      if (!isLast && text.charCodeAt(text.length - 1) === carriageReturn) return incomplete;
      return this.readCarefully(text, start, isLast);
    }
    const lineEnd = text.indexOf(this.lineEnd === lineFeed ? "\n" : "\r", start);
    if (lineEnd < 0 && !isLast) return incomplete;
    const end = lineEnd < 0 ? text.length : lineEnd;
    const record = text.slice(start, end);
    if (this.separators.length > 1 || record.includes(quote)) {
      return this.readCarefully(text, start, isLast);
    }
    const fields = record.split(this.separators);
    for (let i = 0; i < fields.length; i++) fields[i] = trim(fields[i]!);
    this.fields = fields.length === 1 && fields[0] === "" ? [] : fields;
    this.lines = 1;
    return end + 1;
  }

  /** Reads a record that may have quotes; also the first one, whose end shows how lines end. */
  private readCarefully(text: string, start: number, isLast: boolean): number {
    const fields: string[] = [];
    let [at, hasQuotes] = [start, false];
    this.lines = 1;
    while (true) {
      at = this.skipBlanks(text, at);
      if (text.charCodeAt(at) === quoteCode) {
        hasQuotes = true;
        const close = this.closingQuote(text, at + 1, fields.length + 1, isLast);
        if (close === incomplete) return incomplete;
        const value = text.slice(at + 1, close);
        fields.push(value.includes(quote) ? value.replaceAll('""', quote) : value);
        this.lines += this.countLineEnds(value);
        at = this.skipBlanks(text, close + 1);
        if (value === "") at = this.skipBlankQuotes(text, at, fields.length, isLast);
        if (at === incomplete) return incomplete;
        if (at < text.length && !this.endsField(text, at)) {
          throw this.error(`field ${fields.length} goes on with "${text[at]}" behind its quotes`);
        }
      } else {
        const from = at;
        while (at < text.length && !this.endsField(text, at)) {
          if (text.charCodeAt(at) === quoteCode) {
            const unquoted = text.slice(from, at);
            throw this.error(`field ${fields.length + 1} has a quote behind "${unquoted}"`);
          }
          at++;
        }
        fields.push(trim(text.slice(from, at)));
      }
      if (at >= text.length) {
        if (isLast) break;
        return incomplete;
      }
      if (this.endsLine(text, at, text.charCodeAt(at))) {
        this.lineEnd ??= text.charCodeAt(at);
        break;
      }
      this.separators = text[at]!;
      at++;
    }
    this.fields = !hasQuotes && fields.length === 1 && fields[0] === "" ? [] : fields;
    return at + 1;
  }

  /** The place of the quote that ends a field. */
  private closingQuote(text: string, from: number, field: number, isLast: boolean): number {
    let close = text.indexOf(quote, from);
    while (close >= 0 && text.charCodeAt(close + 1) === quoteCode) {
      close = text.indexOf(quote, close + 2);
    }
    // At the end of the text so far it may be the first of two.
    if (!isLast && (close < 0 || close + 1 === text.length)) return incomplete;
    if (close < 0) throw this.error(`the quote that opens field ${field} is never closed`, "");
    return close;
  }

  /** Skips blanks in quotes behind an empty pair of quotes: `"" " "` is one empty field to csv-parse too. */
  private skipBlankQuotes(text: string, from: number, field: number, isLast: boolean): number {
    let at = from;
    while (text.charCodeAt(at) === quoteCode) {
      const close = this.closingQuote(text, at + 1, field, isLast);
      if (close === incomplete) return incomplete;
      const value = text.slice(at + 1, close);
      if (trim(value) !== "") break;
      this.lines += this.countLineEnds(value);
      at = this.skipBlanks(text, close + 1);
    }
    return at;
  }

  private error(
    message: string,
    remedy = "; put quotes around the whole field and double those inside",
  ): CsvError {
    return new CsvError(message + remedy, this.line + this.lines - 1);
  }

  private endsField(text: string, at: number): boolean {
    const code = text.charCodeAt(at);
    return this.separators.includes(text[at]!) || this.endsLine(text, at, code);
  }

  /** As long as no line has ended, a carriage return ends one unless a line feed follows. */
  private endsLine(text: string, at: number, code: number): boolean {
    if (this.lineEnd !== undefined) return code === this.lineEnd;
    return code === lineFeed || (code === carriageReturn && text.charCodeAt(at + 1) !== lineFeed);
  }

  private skipBlanks(text: string, from: number): number {
    let at = from;
    for (; at < text.length; at++) {
      const code = text.charCodeAt(at);
      if (!isBlank(code) || this.endsField(text, at)) break;
    }
    return at;
  }

  private countLineEnds(text: string): number {
    const end = this.lineEnd === undefined ? /\r\n?|\n/ : this.lineEnd === lineFeed ? "\n" : "\r";
    return text.split(end).length - 1;
  }
}

function isBlank(code: number): boolean {
  return (
    code === space ||
    code === tab ||
    code === carriageReturn ||
    code === lineFeed ||
    code === formFeed
  );
}

function trim(text: string): string {
  let [start, end] = [0, text.length];
  while (start < end && isBlank(text.charCodeAt(start))) start++;
  while (end > start && isBlank(text.charCodeAt(end - 1))) end--;
  return start === 0 && end === text.length ? text : text.slice(start, end);
}
