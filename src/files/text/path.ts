/*
 * Paths with `/`, as everything below a host writes them. They behave as those of Node's `path.posix`; absolute ones
 * may begin with a Windows drive (`C:/`).
 */

const drive = /^[A-Za-z]:\//;

export function isAbsolute(path: string): boolean {
  return path.startsWith("/") || drive.test(path);
}

/** The path without `.`, `..` and doubled separators where they can be resolved. */
export function normalize(path: string): string {
  const root = drive.exec(path)?.[0] ?? (path.startsWith("/") ? "/" : "");
  const parts: string[] = [];
  for (const part of path.slice(root.length).split("/")) {
    if (part === "" || part === ".") continue;
    if (part !== "..") parts.push(part);
    else if (parts.length > 0 && parts.at(-1) !== "..") parts.pop();
    else if (root === "") parts.push(part);
  }
  const body = parts.join("/") || (root === "" ? "." : "");
  return `${root}${body}${body !== "" && path.endsWith("/") ? "/" : ""}`;
}

export function join(...parts: readonly string[]): string {
  return normalize(parts.filter((part) => part !== "").join("/"));
}

/** The last part of a path. */
export function basename(path: string, ending = ""): string {
  const bare = path.endsWith("/") ? path.replace(/\/+$/, "") : path;
  const name = bare.slice(bare.lastIndexOf("/") + 1);
  return ending !== "" && name !== ending && name.endsWith(ending)
    ? name.slice(0, -ending.length)
    : name;
}

/** The folder that a path lies in; `.` for a bare name. */
export function dirname(path: string): string {
  const bare = path.replace(/\/+$/, "");
  const cut = bare.lastIndexOf("/");
  if (cut < 0) return path.startsWith("/") ? "/" : ".";
  const folder = bare.slice(0, cut).replace(/\/+$/, "");
  return folder === "" ? "/" : /^[A-Za-z]:$/.test(folder) ? `${folder}/` : folder;
}

/** The ending of a file name with its dot; empty where there is none, as for `.hidden`. */
export function extname(path: string): string {
  if (path.endsWith("/")) return extname(basename(path));
  // Without `basename`, for speed: this runs for each of a million names.
  const [start, dot] = [path.lastIndexOf("/") + 1, path.lastIndexOf(".")];
  const isUp = path.length === start + 2 && path.endsWith("..");
  return dot <= start || isUp ? "" : path.slice(dot);
}

/** A path without the ending of its file name. */
export function stem(path: string): string {
  return path.slice(0, path.length - extname(path).length);
}

/** The relative path from a folder to a path, both absolute; undefined if it is on another drive, to which no relative path leads. */
export function relativeOnDrive(from: string, to: string): string | undefined {
  const drive = (path: string): string => path.slice(0, path.indexOf("/")).toLowerCase();
  return drive(from) === drive(to) ? relative(from, to) : undefined;
}

/** The relative path from a folder to a path; both absolute, or both relative to the same folder. */
export function relative(from: string, to: string): string {
  const parts = (path: string): string[] =>
    normalize(path)
      .split("/")
      .filter((part) => part !== "" && part !== ".");
  const [a, b] = [parts(from), parts(to)];
  let same = 0;
  while (same < a.length && same < b.length && a[same] === b[same]) same++;
  return [...a.slice(same).map(() => ".."), ...b.slice(same)].join("/");
}
