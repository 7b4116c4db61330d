import { readFile } from "node:fs/promises";
import { unreadable } from "../file-error.ts";

/** A text file without its byte order mark. */
export async function readText(path: string): Promise<string> {
  try {
    return (await readFile(path, "utf8")).replace(/^\uFEFF/, "");
  } catch (error) {
    throw unreadable(path, error);
  }
}

/** The lines of a text one after the other, which for a million takes less memory than all at once. */
export function* linesOf(text: string): Generator<string, void> {
  for (let at = 0; at < text.length;) {
    const feed = text.indexOf("\n", at);
    const end = feed < 0 ? text.length : feed;
    yield text.slice(at, text[end - 1] === "\r" && end > at ? end - 1 : end);
    at = end + 1;
  }
}
