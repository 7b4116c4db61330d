import type { Store } from "../../host/store.ts";

/** Encodings in which spreadsheets and editors save texts. */
export type Encoding = "utf-8" | "utf-16le" | "utf-16be" | "windows-1252";

/** Bytes that are enough to recognize UTF-16. */
export const encodingSample = 64;

const lineFeed = 10;
/** Bytes that are no letter in Windows-1252, so that the text has yet another encoding. */
const unassigned: ReadonlySet<number> = new Set([0x81, 0x8d, 0x8f, 0x90, 0x9d]);

/**
 * UTF-16 by its byte order mark or, without one, by its zero bytes, every second of a text in Latin letters; undefined
 * for other texts.
 */
export function utf16Of(bytes: Uint8Array): "utf-16le" | "utf-16be" | undefined {
  if (bytes[0] === 0xff && bytes[1] === 0xfe) return "utf-16le";
  if (bytes[0] === 0xfe && bytes[1] === 0xff) return "utf-16be";
  const sample = bytes.subarray(0, encodingSample & ~1);
  if (sample.length < 4 || sample.length % 2 !== 0) return undefined;
  const zeros = [0, 0];
  sample.forEach((byte, i) => (zeros[i % 2]! += byte === 0 ? 1 : 0));
  const [even, odd] = zeros as [number, number];
  if (even === 0 && odd === sample.length / 2) return "utf-16le";
  return odd === 0 && even === sample.length / 2 ? "utf-16be" : undefined;
}

const strict = new TextDecoder("utf-8", { ignoreBOM: true, fatal: true });
const lenient = new TextDecoder("utf-8", { ignoreBOM: true });
const windows = new TextDecoder("windows-1252");

/**
 * Whole lines of UTF-8. A line that is not valid is read as Windows-1252, in which old spreadsheets save, and passed to
 * `onForeign`; one that is neither keeps the letter U+FFFD for its broken bytes.
 */
export function decodeLines(bytes: Uint8Array, onForeign?: (line: string) => void): string {
  const whole = decodeStrictly(bytes);
  if (whole !== undefined) return whole;
  const lines: string[] = [];
  for (let start = 0; start < bytes.length;) {
    const feed = bytes.indexOf(lineFeed, start);
    const end = feed < 0 ? bytes.length : feed + 1;
    lines.push(decodeLine(bytes.subarray(start, end), onForeign));
    start = end;
  }
  return lines.join("");
}

function decodeLine(bytes: Uint8Array, onForeign?: (line: string) => void): string {
  const text = decodeStrictly(bytes);
  if (text !== undefined) return text;
  if (bytes.some((byte) => unassigned.has(byte))) return lenient.decode(bytes);
  const line = windows.decode(bytes);
  onForeign?.(line.trim());
  return line;
}

function decodeStrictly(bytes: Uint8Array): string | undefined {
  try {
    return strict.decode(bytes);
  } catch {
    return undefined;
  }
}

/** A text in UTF-8, UTF-16 or, line by line where it is not UTF-8, Windows-1252; without its byte order mark. */
export function decodeText(bytes: Uint8Array, onForeign?: (line: string) => void): string {
  const wide = utf16Of(bytes);
  if (wide) return new TextDecoder(wide).decode(bytes);
  return decodeLines(bytes, onForeign).replace(/^\uFEFF/, "");
}

/**
 * The text of a small file in any of these encodings.
 * @param onForeign takes the lines that are Windows-1252
 */
export async function readAnyText(
  store: Pick<Store, "read">,
  path: string,
  onForeign?: (line: string) => void,
): Promise<string> {
  return decodeText(await store.read(path), onForeign);
}
