import type { Store } from "../../host/store.ts";
import { crc32c } from "../run/crc32c.ts";
import { leavesFolder } from "../text/file-name.ts";
import { parseJson } from "../text/parse-json.ts";
import { join } from "../text/path.ts";

/** A file that a job has written. Without a checksum only its size is known. */
export interface FinishedFile {
  /** Below the folder of the job. */
  readonly path: string;
  readonly size: number;
  readonly checksum?: number;
}

/** The file that holds some bytes, or a UTF-8 text. @param path below the folder of the job */
export function fileWith(path: string, data: Uint8Array | string): FinishedFile {
  const bytes = typeof data === "string" ? new TextEncoder().encode(data) : data;
  return { path, size: bytes.length, checksum: crc32c(bytes) };
}

/** Whether a value of JSON is such a file, and lies below its folder. */
export function isFinishedFile(value: unknown): value is FinishedFile {
  const { path, size } = (value ?? {}) as Partial<FinishedFile>;
  return typeof path === "string" && !leavesFolder(path) && Number.isInteger(size);
}

/** Whether files are on disk as they were written. */
export async function areWhole(
  store: Store,
  root: string,
  files: readonly FinishedFile[],
): Promise<boolean> {
  for (const { path, size, checksum } of files) {
    const file = join(root, path);
    const info = await store.stat(file);
    if (info?.kind !== "file" || info.size !== size) return false;
    if (checksum === undefined) continue;
    if (crc32c(await store.read(file)) !== checksum) return false;
  }
  return true;
}

/** Reads a list of files; empty if there is none. */
export async function readFileList(store: Store, path: string): Promise<FinishedFile[]> {
  return (await readJsonLines(store, path, (line) => (isFinishedFile(line) ? line : undefined)))
    .lines;
}

/** The text of a list of files, in the order of their paths. */
export function fileListText(files: Iterable<FinishedFile>): string {
  const sorted = [...files].sort((a, b) => (a.path < b.path ? -1 : 1));
  return sorted.map((file) => `${JSON.stringify(file)}\n`).join("");
}

/** The lines of a file of JSON lines up to the first that is not whole, and the bytes that they take. */
export async function readJsonLines<T>(
  store: Store,
  path: string,
  parse: (value: unknown) => T | undefined,
): Promise<{ readonly lines: T[]; readonly bytes: number }> {
  const lines: T[] = [];
  let bytes = 0;
  if ((await store.stat(path))?.kind !== "file") return { lines, bytes };
  const encoder = new TextEncoder();
  // What follows the last line break was cut short.
  for (const text of (await store.readText(path)).split("\n").slice(0, -1)) {
    const line = parse(valueOf(text));
    if (line === undefined) break;
    lines.push(line);
    bytes += encoder.encode(text).length + 1;
  }
  return { lines, bytes };
}

function valueOf(text: string): unknown {
  try {
    return parseJson(text);
  } catch {
    return undefined;
  }
}
