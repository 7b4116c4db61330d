import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

interface Recorded {
  readonly runs: readonly {
    readonly args: readonly string[];
    readonly code: number;
    readonly stdout: readonly string[];
    readonly stderr: readonly string[];
  }[];
  readonly written: Readonly<Record<string, string>>;
  readonly removed: readonly string[];
}

/** Differences between two folders of recordings, a line each, and how many cases differ. */
export function compareRecordings(before: string, after: string): string[] {
  const [first, second] = [before, after].map(readRecordings) as [Recordings, Recordings];
  const names = [...new Set([...first.keys(), ...second.keys()])].sort();
  if (names.length === 0) throw new Error(`${before}, ${after}: hold no recordings`);
  const lines: string[] = [];
  let differing = 0;
  for (const name of names) {
    const differences = compareCase(first.get(name), second.get(name));
    if (differences.length === 0) continue;
    differing++;
    lines.push(name, ...differences.map((line) => `  ${line}`));
  }
  return [...lines, `${differing} of ${names.length} cases differ`];
}

type Recordings = ReadonlyMap<string, Recorded>;

function readRecordings(folder: string): Recordings {
  const files = readdirSync(folder).filter((file) => file.endsWith(".json"));
  const read = (file: string): Recorded =>
    JSON.parse(readFileSync(join(folder, file), "utf8")) as Recorded;
  return new Map(files.map((file) => [file.replace(/\.json$/, ""), read(file)]));
}

function compareCase(a: Recorded | undefined, b: Recorded | undefined): string[] {
  if (!a || !b) return [`only in the ${a ? "first" : "second"} recording`];
  const lines: string[] = [];
  for (let i = 0; i < Math.max(a.runs.length, b.runs.length); i++) {
    const [x, y] = [a.runs[i], b.runs[i]];
    if (!x || !y || x.args.join(" ") !== y.args.join(" ")) {
      lines.push(`command ${i + 1}: ${x?.args.join(" ")} | ${y?.args.join(" ")}`);
      continue;
    }
    if (x.code !== y.code) lines.push(`exit code ${x.code} | ${y.code}`);
    for (const stream of ["stdout", "stderr"] as const) {
      lines.push(...compareLines(x[stream], y[stream]).map((line) => `${stream} ${line}`));
    }
  }
  for (const path of new Set([...Object.keys(a.written), ...Object.keys(b.written)])) {
    const [x, y] = [a.written[path], b.written[path]];
    if (x === y) continue;
    lines.push(
      x && y ? `file ${path} differs` : `file ${path} only in the ${x ? "first" : "second"}`,
    );
  }
  return [...lines, ...compareLines(a.removed, b.removed).map((line) => `removed ${line}`)];
}

/** Lines that only one of two texts has, as often as it has them more, in their order. */
function compareLines(a: readonly string[], b: readonly string[]): string[] {
  if (a.join("\n") === b.join("\n")) return [];
  const lines = [...without(a, b).map((line) => `- ${line}`), ...without(b, a).map((line) => `+ ${line}`)]; // prettier-ignore
  return lines.length > 0 ? lines : ["the same lines in another order"];
}

function without(a: readonly string[], b: readonly string[]): string[] {
  const left = [...b];
  return a.filter((line) => {
    const i = left.indexOf(line);
    if (i >= 0) left.splice(i, 1);
    return i < 0;
  });
}
