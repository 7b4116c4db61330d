/** The names on the way from the root to a file or folder; empty for the root. */
export type Path = readonly string[];

/** The parts of a path with `/`; relative ones start at the root. */
export function partsOf(path: string): string[] {
  const parts: string[] = [];
  for (const part of path.split("/")) {
    if (part === "" || part === ".") continue;
    if (part === "..") parts.pop();
    else parts.push(part);
  }
  return parts;
}

/** The absolute path of parts. */
export function textOf(parts: Path): string {
  return `/${parts.join("/")}`;
}

const unique = crypto.getRandomValues(new Uint32Array(2)).join("-");
let count = 0;

/** A hidden name beside a file, for its content until that is complete; unique in every page and worker. */
export function temporaryBeside(parts: Path): string[] {
  return [...parts.slice(0, -1), `.${parts.at(-1)}.${unique}-${count++}.tmp`];
}
