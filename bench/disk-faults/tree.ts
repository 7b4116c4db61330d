import { createHash } from "node:crypto";
import {
  readFileSync,
  readdirSync,
  statSync,
  utimesSync,
  writeFileSync,
  type Stats,
} from "node:fs";
import { join, relative } from "node:path";

/** The digest of each file below a folder, by its path. */
export type Tree = ReadonlyMap<string, string>;

/** Reads all files below a folder, links followed. */
export function readTree(folder: string): Tree {
  const tree = new Map<string, string>();
  const known = new Map<number, string>();
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    if (entry.isDirectory()) continue;
    const path = join(entry.parentPath, entry.name);
    const { ino } = statSync(path);
    const digest = known.get(ino) ?? digestOf(path);
    known.set(ino, digest);
    tree.set(relative(folder, path), digest);
  }
  return tree;
}

export function digestOf(path: string): string {
  return createHash("sha1").update(readFileSync(path)).digest("hex");
}

export function statOf(path: string): Stats | undefined {
  return statSync(path, { throwIfNoEntry: false });
}

/** Whether the name of a file says that it is not complete, or that it is the state of a job. */
export function isIncomplete(path: string): boolean {
  const isHidden = path.split("/").some((name) => name.startsWith("."));
  return isHidden || isLeftover(path) || path.endsWith(".tag2mask-partial");
}

/** Whether a file is one that only its process needs: under a temporary name, or a lock. */
export function isLeftover(path: string): boolean {
  return /\.tmp$|\.lock$/.test(path);
}

/** The differences between two trees, one sentence each. */
export function compareTrees(found: Tree, wanted: Tree): string[] {
  const differences: string[] = [];
  for (const [path, digest] of wanted) {
    const other = found.get(path);
    if (other === undefined) differences.push(`${path} is missing`);
    else if (other !== digest) differences.push(`${path} differs`);
  }
  for (const path of found.keys()) if (!wanted.has(path)) differences.push(`${path} is left`);
  return differences;
}

/** Makes the locks below a folder those of a process that has ended: its process here is this one. */
export function buryLocks(folder: string): void {
  for (const name of readdirSync(folder, { recursive: true, encoding: "utf8" })) {
    const path = join(folder, name);
    if (!name.endsWith(".lock") || !statOf(path)?.isFile()) continue;
    writeFileSync(path, readFileSync(path, "utf8").replace(/"start":"\d+"/, '"start":"1"'));
    // An empty lock counts for two seconds, less than any restart takes.
    const time = Date.now() / 1000 - 5;
    utimesSync(path, time, time);
  }
}
