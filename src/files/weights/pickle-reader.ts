import { UserError } from "../../user-error.ts";
import { decodeLatin1, decodeUtf8 } from "./text.ts";

/** Error of a pickle that goes on after the bytes at hand, or is cut short. */
export class PickleEnds extends UserError {}

/** Reads the numbers and texts of a pickle in sequence, never beyond its end. */
export class PickleReader {
  private readonly view: DataView;

  constructor(
    private readonly bytes: Uint8Array,
    public position: number,
    private readonly source: string,
  ) {
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  damaged(what: string): UserError {
    const place = `at byte ${this.position} of its pickle`;
    return new UserError(
      `${this.source}: ${place}: ${what}; the file is damaged, fetch or write it again`,
    );
  }

  /** Moves on by `count` bytes and returns where they begin. */
  private advance(count: number): number {
    const start = this.position;
    if (count > this.bytes.length - start) {
      throw new PickleEnds(
        `${this.source}: its pickle needs ${count} more bytes at byte ${start}, ` +
          `there are ${this.bytes.length - start}; the file is cut short or damaged, fetch or write it again`,
      );
    }
    this.position += count;
    return start;
  }

  byte(): number {
    return this.bytes[this.advance(1)]!;
  }

  uint16(): number {
    return this.view.getUint16(this.advance(2), true);
  }

  uint32(): number {
    return this.view.getUint32(this.advance(4), true);
  }

  int32(): number {
    return this.view.getInt32(this.advance(4), true);
  }

  float64(): number {
    return this.view.getFloat64(this.advance(8), false);
  }

  /** A length of 8 bytes; rounded beyond 2^53, where no file reaches. */
  length64(): number {
    const start = this.advance(8);
    return this.view.getUint32(start, true) + this.view.getUint32(start + 4, true) * 2 ** 32;
  }

  /** A view of the next bytes. */
  subarray(count: number): Uint8Array {
    const start = this.advance(count);
    return this.bytes.subarray(start, start + count);
  }

  utf8(count: number): string {
    const bytes = this.subarray(count);
    try {
      return decodeUtf8(bytes);
    } catch {
      throw this.damaged(`a text of ${count} bytes is not UTF-8`);
    }
  }

  latin1(count: number): string {
    return decodeLatin1(this.subarray(count));
  }

  /** Text up to the end of the line; moves on to the next line. */
  line(): string {
    const end = this.bytes.indexOf(0x0a, this.position);
    const text = this.latin1(end < 0 ? this.bytes.length - this.position + 1 : end - this.position);
    this.position++;
    return text;
  }

  /** A two's-complement integer of any width, little-endian; a bigint only where a number is too small. */
  long(count: number): number | bigint {
    const bytes = this.subarray(count);
    if (count === 0) return 0;
    if (count > 128) throw this.damaged(`an integer of ${count} bytes`);
    let digits = "";
    for (const byte of bytes) digits = byte.toString(16).padStart(2, "0") + digits;
    return asNumber(BigInt.asIntN(8 * count, BigInt(`0x${digits}`)));
  }

  /** An integer in decimal digits, with the L that Python 2 wrote after long ones. */
  decimal(): number | bigint {
    const text = this.line();
    if (!/^\s*[+-]?\d{1,400}L?\s*$/.test(text)) {
      throw this.damaged(`${JSON.stringify(text.slice(0, 40))} is not an integer`);
    }
    return asNumber(BigInt(text.replace("L", "").replace("+", "")));
  }

  decimalFloat(): number {
    const text = this.line().trim().toLowerCase();
    const special = { nan: NaN, inf: Infinity, "-inf": -Infinity }[text];
    const value = special ?? (/^[+-]?[\d.]+(e[+-]?\d+)?$/.test(text) ? Number(text) : NaN);
    if (Number.isNaN(value) && text !== "nan") {
      throw this.damaged(`${JSON.stringify(text.slice(0, 40))} is not a number`);
    }
    return value;
  }

  /** A quoted byte string as Python 2 prints it, as text of one character a byte. */
  quoted(): string {
    const text = this.line();
    const quote = text[0];
    if ((quote !== '"' && quote !== "'") || text.length < 2 || !text.endsWith(quote)) {
      throw this.damaged("a text has no quotes around it");
    }
    return text.slice(1, -1).replace(/\\(x[0-9a-fA-F]{2}|.)/gs, (_, escape: string) => {
      if (escape.length > 1) return String.fromCharCode(parseInt(escape.slice(1), 16));
      return { n: "\n", t: "\t", r: "\r" }[escape] ?? escape;
    });
  }

  /** Text in Python's raw-unicode-escape encoding. */
  rawUnicode(): string {
    return this.line().replace(
      /\\u([0-9a-fA-F]{4})|\\U([0-9a-fA-F]{8})/g,
      (whole, short?: string, long?: string) => {
        const code = parseInt(short ?? long ?? "", 16);
        return code <= 0x10ffff ? String.fromCodePoint(code) : whole;
      },
    );
  }
}

/** A number where that is exact, else the bigint. */
function asNumber(value: bigint): number | bigint {
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : value;
}
