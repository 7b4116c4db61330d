import { JsonScanner } from "../../text/json.ts";
import { show, type TagLines } from "./lines.ts";
import { linesOf, type Bytes, type Text } from "../../text/pieces.ts";

/** Longest text that patterns are tried on: matching keeps a state for each letter, in memory of limited size. */
const matchLimit = 4 << 20;

// What nearly all images look like is found by patterns, in a third of the time: values of JSON whose texts have no
// escapes. Everything else is left to JSON.parse.
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
/** Reads an object `{file, tags, split}` a line. */
export function readJsonLines(text: Text, out: TagLines): void {
  let line = 0;
  for (const row of linesOf(text)) {
    line++;
    const plain = matchWhole(plainImage, row);
    if (plain && takePlain(plain, line, out)) continue;
    if (row.trim() === "") continue;
    try {
      out.add(JSON.parse(row), line);
    } catch (error) {
      out.error(`not readable as JSON: ${(error as Error).message}`, line);
    }
  }
}

function matchWhole(pattern: RegExp, text: string): RegExpExecArray | null {
  if (text.length > matchLimit) return null;
  pattern.lastIndex = 0;
  const found = pattern.exec(text);
  return pattern.lastIndex === text.length ? found : null;
}

/**
 * Reads a list of objects `{file, tags, split}`, or an object of lists of tags: an element at a time, which for a
 * million of them takes a quarter of the memory.
 */
export function readJson(bytes: Bytes, out: TagLines): void {
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
    for (const chunk of bytes) scanner.push(chunk);
    scanner.end();
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    const { message, line } = explain(bytes, error);
    out.refuse(`not readable as JSON: ${message}`, line);
  }
}

/** Takes what a pattern found; false if there is something to be said of it. */
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
  const place = text.indexOf(JSON.stringify(file));
  return place < 0 ? 0 : lineFeeds(text, place);
}

function lineFeeds(text: string, to: number): number {
  return text.slice(0, to).split("\n").length - 1;
}

/** The message of JSON.parse for the whole text, and the line it speaks of. */
function explain(bytes: Bytes, found: SyntaxError): { message: string; line: number } {
  const decoder = new TextDecoder();
  let whole = "";
  for (const chunk of bytes) whole += decoder.decode(chunk, { stream: true });
  whole += decoder.decode();
  let { message } = found;
  try {
    JSON.parse(whole);
  } catch (error) {
    ({ message } = error as Error);
  }
  const position = Number(/position (\d+)/.exec(message)?.[1] ?? whole.length);
  return {
    message: message.replace(/ in JSON at position.*/, ""),
    line: 1 + lineFeeds(whole, position),
  };
}
