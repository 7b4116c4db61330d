import { foreignImage } from "../../../method/images/image-name.ts";
import { leavesFolder } from "../../text/file-name.ts";
import { basename, stem } from "../../text/path.ts";
import type { ImageList } from "../listing/image-list.ts";
import type { Problem } from "../listing/listing.ts";

/**
 * Finds the file that a tags file names: by its exact name, in other letter case, without ending, or with other folders in
 * front. If several files match, the first by name counts, a readable one before others.
 */
export class FileFinder {
  private readonly folded: (Map<string, number> | undefined)[] = [];
  private byBasename: Map<string, number[]> | undefined;

  constructor(
    private readonly onDisk: readonly string[],
    private readonly list: ImageList,
  ) {}

  /** The index of a file. */
  find(name: string): number | undefined {
    return this.list.find(name) ?? this.findAlike(name);
  }

  /** The index of a file whose name differs in letter case or ending. */
  findAlike(name: string): number | undefined {
    const key = foldedName(name);
    const whole = (this.folded[0] ??= this.fold((file) => file)).get(key);
    return whole ?? (this.folded[1] ??= this.fold(stem)).get(key);
  }

  /**
   * The index of the only file whose path ends the listed one, as of an absolute path or an address, or is ended by it, as of
   * a file that lies in a subfolder.
   */
  findByEnd(listed: string): number | undefined {
    const parts = withoutAddress(listed).split("/");
    for (let k = 1; k < parts.length; k++) {
      const found = this.find(parts.slice(k).join("/"));
      if (found !== undefined) return found;
    }
    const wanted = foldedName(parts.join("/"));
    const candidates = (this.byBasename ??= this.foldBasenames())
      .get(foldedName(basename(wanted)))
      ?.filter((i) => `/${foldedName(this.onDisk[i]!)}`.endsWith(`/${wanted}`));
    return candidates?.length === 1 ? candidates[0] : undefined;
  }

  /** Indices of files by lower-case name; built on first use, since it takes a second for a million files. */
  private fold(nameOf: (file: string) => string): Map<string, number> {
    const folded = new Map<string, number>();
    this.onDisk.forEach((file, i) => {
      const key = foldedName(nameOf(file));
      const other = folded.get(key);
      if (other === undefined || isBefore(file, this.onDisk[other]!)) folded.set(key, i);
    });
    return folded;
  }

  private foldBasenames(): Map<string, number[]> {
    const byName = new Map<string, number[]>();
    this.onDisk.forEach((file, i) => {
      const key = foldedName(basename(file));
      byName.set(key, [...(byName.get(key) ?? []), i]);
    });
    return byName;
  }
}

function isBefore(a: string, b: string): boolean {
  const [foreignA, foreignB] = [foreignImage(a) !== undefined, foreignImage(b) !== undefined];
  return foreignA === foreignB ? a < b : foreignB;
}

/** The path in a web address, decoded; other texts as they are. */
function withoutAddress(listed: string): string {
  if (!/^[a-z][a-z0-9+.-]*:\/\//i.test(listed)) return listed;
  const path = listed.replace(/[?#].*$/, "");
  try {
    return decodeURIComponent(path);
  } catch {
    return path;
  }
}

/**
 * The index of a listed file among those on disk, that of a file which has only the end of its path, or the problem with it.
 * @param exact index of the file with exactly that name
 */
export function locate(
  listed: string,
  exact: number | undefined,
  finder: FileFinder,
): number | { readonly end: number } | Pick<Problem, "severity" | "message" | "leftOut"> {
  const leaves = leavesFolder(listed);
  if (exact !== undefined && !leaves) return exact;
  const bare = bareName(listed);
  const inside = leaves
    ? undefined
    : (finder.findAlike(bare) ??
      (bare.startsWith("images/") ? finder.find(bare.slice(7)) : undefined));
  if (inside !== undefined) return inside;
  const end = finder.findByEnd(bare);
  if (end !== undefined) return { end };
  const message = leaves
    ? `${listed} leads out of the image folder, and no image inside has the end of its path; left out`
    : `${listed} is not there; left out`;
  return { severity: "warning", leftOut: true, message };
}

/** A name in lower case and composed letters: macOS writes an accent as a character of its own. */
function foldedName(name: string): string {
  return composed(name).toLowerCase();
}

export function composed(name: string): string {
  return name.normalize("NFC");
}

/** A listed name without `./` in front. */
export function bareName(listed: string): string {
  return listed.startsWith("./") ? listed.slice(2) : listed;
}

/** Whether a listed name is that of a file, possibly without ending or with the folder images/. */
export function isSame(onDisk: string, listed: string): boolean {
  const [file, bare] = [composed(onDisk), composed(listed)];
  return file === bare || stem(file) === bare || `images/${file}` === bare;
}
