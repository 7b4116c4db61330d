import type { Store } from "../../../host/store.ts";
import { JsonScanner } from "../../text/json.ts";
import { LineReader, pushBytes, pushText, type PieceStore } from "../../text/pieces.ts";
import { show, type TagLines } from "./lines.ts";

/** Longest text to match: the engine keeps a state for every character, in memory of limited size. */
const matchLimit = 4 << 20;

// A pattern matches nearly all images in a third of the time of JSON.parse: objects with the usual keys in the usual order
// and strings without escapes. JSON.parse reads everything else.
const [gap, letters] = ["[ \\t\\n\\r]*", '[^"\\\\\\u0000-\\u001f]*'];
const text = `"(${letters})"`;
const list = `(\\[${gap}(?:"${letters}"(?:${gap},${gap}"${letters}")*${gap})?\\])`;
const colon = `${gap}:${gap}`;
const member = (name: string, value: string): string => `"${name}"${colon}${value}${gap}`;
const split = `(?:,${gap}${member("split", text)})?`;
const plainImage = new RegExp(
  `\\{${gap}${member("file", text)},${gap}${member("tags", list)}${split}\\}`,
  "y",
);

/**
 * Reads lines that hold an object `{file, tags, split}` each.
 * @param bytes size of the pieces in which the file is read
 */
export async function readJsonLines(
  store: PieceStore,
  path: string,
  out: TagLines,
  bytes?: number,
): Promise<void> {
  let line = 0;
  const lines = new LineReader((row) => readJsonLine(row, ++line, out));
  await pushText(store, path, lines, bytes, (...encoding) => out.warnOfEncoding(...encoding));
}

function readJsonLine(row: string, line: number, out: TagLines): void {
  const plain = matchWhole(plainImage, row);
  if (plain && takePlain(plain, line, out)) return;
  if (row.trim() === "") return;
  try {
    out.add(JSON.parse(row), line);
  } catch (error) {
    out.error(`not readable as JSON: ${(error as Error).message}`, line);
  }
}

function matchWhole(pattern: RegExp, text: string): RegExpExecArray | null {
  if (text.length > matchLimit) return null;
  pattern.lastIndex = 0;
  const match = pattern.exec(text);
  return pattern.lastIndex === text.length ? match : null;
}

/**
 * Reads a list of objects `{file, tags, split}`, or an object of lists of tags. Reading one element at a time takes a
 * quarter of the memory of the whole parsed file.
 * @param bytes size of the pieces in which the file is read
 */
export async function readJson(
  store: Pick<Store, "pieces" | "readText">,
  path: string,
  out: TagLines,
  bytes?: number,
): Promise<void> {
  const scanner = new JsonScanner(
    {
      member: () => "whole",
      value: (text, { kind, key, index, line }) => {
        if (kind === "element") return readElement(text, line, `entry ${index + 1}`, out);
        const value = JSON.parse(text) as unknown;
        if (kind === "member") return out.add({ file: key, tags: value }, line);
        out.error(`the file holds ${show(value)}, expected a list or an object of images`, 1);
      },
    },
    { lines: true },
  );
  try {
    await pushBytes(store, path, scanner, bytes);
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    const { message, line } = explain(await store.readText(path), error);
    out.refuse(`not readable as JSON: ${message}`, line);
  }
}

/** Takes the groups of a match; false if JSON.parse should read the image because it has an error. */
function takePlain(
  [, file, tags, split]: readonly (string | undefined)[],
  line: number,
  out: TagLines,
): boolean {
  if (file!.trim() === "") return false;
  out.take(file!, out.listOfJson(tags!), split, line);
  return true;
}

function readElement(text: string, line: number, name: string, out: TagLines): void {
  const plain = matchWhole(plainImage, text);
  if (plain && takePlain(plain, line + linesTo(plain[1], text), out)) return;
  const value = JSON.parse(text) as unknown;
  const file = (value as { file?: unknown } | null)?.file;
  out.add(value, line + linesTo(file, text), name);
}

/** Lines from the beginning of a value to a file name in it; 0 if the name is written with escapes. */
function linesTo(file: unknown, text: string): number {
  if (typeof file !== "string" || !text.includes("\n")) return 0;
  return lineFeeds(text, Math.max(0, text.indexOf(JSON.stringify(file))));
}

function lineFeeds(text: string, to: number): number {
  return text.slice(0, to).split("\n").length - 1;
}

/** The message of JSON.parse about a broken text, and the line to which it refers. */
function explain(text: string, scanError: SyntaxError): { message: string; line: number } {
  let { message } = scanError;
  try {
    JSON.parse(text);
  } catch (error) {
    ({ message } = error as Error);
  }
  const position = Number(/position (\d+)/.exec(message)?.[1] ?? text.length);
  return {
    message: message.replace(/ in JSON at position.*/, ""),
    line: 1 + lineFeeds(text, position),
  };
}
