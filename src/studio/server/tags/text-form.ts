import { decodeText, utf16Of, type Encoding } from "../../../files/text/encoding.ts";

/** How a text is stored, so that it can be stored in the same way again. */
export interface TextForm {
  readonly encoding: Encoding;
  readonly hasMark: boolean;
}

/** A text and its form; undefined where writing it would change letters that cannot be read. */
export function readText(bytes: Uint8Array): { text: string; form: TextForm } | undefined {
  const wide = utf16Of(bytes);
  const text = decodeText(bytes);
  const hasMark =
    wide === undefined
      ? bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf
      : (bytes[0] === 0xff && bytes[1] === 0xfe) || (bytes[0] === 0xfe && bytes[1] === 0xff);
  const form = { encoding: wide ?? ("utf-8" as const), hasMark };
  if (isSame(storedText(text, form), bytes)) return { text, form };
  // Lines in Windows-1252 become UTF-8, with the mark by which spreadsheets know it. Broken letters would be lost.
  return text.includes("\ufffd") ? undefined : { text, form: { encoding: "utf-8", hasMark: true } };
}

export function storedText(text: string, { encoding, hasMark }: TextForm): Uint8Array {
  const whole = hasMark ? `\ufeff${text}` : text;
  if (encoding !== "utf-16le" && encoding !== "utf-16be") return new TextEncoder().encode(whole);
  const bytes = Buffer.from(whole, "utf16le");
  return encoding === "utf-16be" ? bytes.swap16() : bytes;
}

function isSame(a: Uint8Array, b: Uint8Array): boolean {
  return Buffer.compare(a, b) === 0;
}
