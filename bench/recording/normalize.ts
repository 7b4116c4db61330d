import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { extname, join } from "node:path";

export interface Places {
  /** Folder that all commands run in. */
  readonly work: string;
  /** Folder of the version that is recorded. */
  readonly checkout: string;
}

export interface Varying {
  /** A run stopped by Ctrl-C ends after a step that depends on the machine's load. */
  readonly interrupt?: RegExp;
}

const textFiles = [".yaml", ".json", ".jsonl", ".csv", ".html", ".md", ".txt", ".xml"];
const time = String.raw`(?:\d+ h \d+ min|\d+ min \d+ s|\d+(?:\.\d+)? m?s)\b`;

/** Replaces text that differs between two recordings of one version by words in capitals. */
const replacements: readonly (readonly [RegExp, string])[] = [
  // Progress comes by the clock: any number of lines, and redrawn on a terminal.
  [/\r\n/g, "\n"],
  [/[^\n]*\r\x1b\[2K/g, ""], // eslint-disable-line no-control-regex
  [/^(?:step|validating|scenes|images|masks|measuring|reading) ?\d+\/\d+\b[^\n]*\n/gm, ""],
  [/"seconds":\{[^}]*\}/g, '"seconds":TIME'],
  [/"(\w*[sS]econds|eventBytes|milliseconds)":\s*[\d.e+-]+/g, '"$1":TIME'],
  [new RegExp(String.raw`\b(in|ETA|about) ${time}`, "g"), "$1 TIME"],
  [/\b\d{4}-\d\d-\d\d[T ]\d\d:\d\d(?::\d\d)?(?:\.\d+)?Z?/g, "DATE"],
  [/\b[\d.]+ (images\/s|GFLOP\/s|GiB(?: free)?)/g, "N $1"],
  [
    /"(gflops|free|total|memory|freeBytes|totalBytes|freeMemory|totalMemory)":\s*[\d.e+]+/g,
    '"$1":N',
  ],
  [/\b(v?)\d+\.\d+\.\d+\b(?=[^\d]*$)/gm, "$1VERSION"],
  [/"(tag2mask|version)":\s*"[\d.]+"/g, '"$1":"VERSION"'],
];

/** Output, or a text file, without what differs from run to run and from place to place. */
export function normalizeText(
  text: string,
  { work, checkout }: Places,
  { interrupt }: Varying,
): string {
  let result = text.replaceAll(`${work}/case`, "HERE").replaceAll(work, "WORK");
  result = result.replaceAll(checkout, "CHECKOUT");
  for (const [pattern, name] of replacements) result = result.replace(pattern, name);
  if (!interrupt) return result;
  return result
    .replace(/^\{"type":"step".*\n/gm, "")
    .replace(/\b(step|"step":|step-)( ?)\d+/g, "$1$2N");
}

/** The sha256 of every file below a folder, by path; varying parts of text files are left out. */
export function hashFiles(
  folder: string,
  places: Places,
  varying: Varying,
): Record<string, string> {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
  return Object.fromEntries(
    files.map((file) => {
      const path = file.slice(folder.length + 1);
      const name = path.replace(/events\.out\.tfevents\..*/, "events.out.tfevents");
      if (varying.interrupt && /\/step-\d+\.safetensors$/.test(name)) {
        return [name.replace(/\d+\.safetensors$/, "N.safetensors"), "any step"];
      }
      return [name, hashFile(file, places, varying)];
    }),
  );
}

function hashFile(file: string, places: Places, varying: Varying): string {
  const bytes = readFileSync(file);
  // Each of its records has a time of the clock.
  if (file.includes("events.out.tfevents")) return "events";
  if (!textFiles.includes(extname(file))) return sha256(bytes);
  let text = normalizeText(bytes.toString("utf8"), places, varying);
  if (file.endsWith("results.csv")) text = withoutColumn(text, "seconds");
  // Its bars and figures of time are drawn to scale; losses and scores are in log.jsonl as well.
  if (file.endsWith("report.html")) text = text.replace(/\d+(?:\.\d+)?/g, "#").replace(/# min # s/g, "# s"); // prettier-ignore
  return sha256(text);
}

function withoutColumn(csv: string, name: string): string {
  const lines = csv.split("\n").map((line) => line.split(","));
  const column = lines[0]!.indexOf(name);
  if (column < 0) return csv;
  return lines.map((cells) => cells.filter((_, i) => i !== column).join(",")).join("\n");
}

function sha256(content: Buffer | string): string {
  return createHash("sha256").update(content).digest("hex");
}
