import { JsonScanner, lineFeeds, matchLimit } from "./json-scanner.ts";
import { show, type TagLines } from "./tag-lines.ts";
import { linesOf, type Text } from "./text-file.ts";

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
const plainMember = new RegExp(`${text}${colon}${list}`, "y");

/** Reads an object `{file, tags, split}` a line. */
export function readJsonLines(text: Text, out: TagLines): void {
  let line = 0;
  for (const row of linesOf(text)) {
    line++;
    const plain = matchWhole(row);
    if (plain && takePlain(plain, line, out)) continue;
    if (row.trim() === "") continue;
    try {
      out.add(JSON.parse(row), line);
    } catch (error) {
      out.error(`not readable as JSON: ${(error as Error).message}`, line);
    }
  }
}

function matchWhole(row: string): RegExpExecArray | null {
  if (row.length > matchLimit) return null;
  plainImage.lastIndex = 0;
  const found = plainImage.exec(row);
  return plainImage.lastIndex === row.length ? found : null;
}

/**
 * Reads a list of objects `{file, tags, split}`, or an object of lists of tags: an element at a time, which for a
 * million of them takes a quarter of the memory.
 */
export function readJson(text: Text, out: TagLines): void {
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

function readList(scanner: JsonScanner, out: TagLines): void {
  let count = 0;
  scanner.elements("]", () => {
    const { line } = scanner;
    count++;
    const plain = scanner.match(plainImage);
    if (plain && takePlain(plain, line + scanner.linesTo(plain[1]), out)) return;
    const value = plain ? (JSON.parse(plain[0]) as unknown) : scanner.value();
    const file = (value as { file?: unknown } | null)?.file;
    out.add(value, line + scanner.linesTo(file), `entry ${count}`);
  });
}

function readObject(scanner: JsonScanner, out: TagLines): void {
  scanner.elements("}", () => {
    const { line } = scanner;
    const plain = scanner.match(plainMember);
    if (plain && takePlain(plain, line, out)) return;
    const file = plain ? plain[1] : scanner.value();
    if (typeof file !== "string") throw new SyntaxError("a name is expected");
    if (!plain) scanner.take(":");
    out.add({ file, tags: plain ? (JSON.parse(plain[2]!) as unknown) : scanner.value() }, line);
  });
}

/** What JSON.parse has to say of the whole text, and the line it speaks of. */
function explain(text: Text, found: SyntaxError): { message: string; line: number } {
  const whole = typeof text === "string" ? text : [...text].join("");
  let { message } = found;
  try {
    JSON.parse(whole);
  } catch (error) {
    ({ message } = error as Error);
  }
  const position = Number(/position (\d+)/.exec(message)?.[1] ?? whole.length);
  const line = 1 + lineFeeds(whole, 0, position);
  return { message: message.replace(/ in JSON at position.*/, ""), line };
}
