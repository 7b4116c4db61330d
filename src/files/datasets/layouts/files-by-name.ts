import { ownCopy } from "../../text/pieces.ts";
import { basename, stem } from "../../text/path.ts";
import type { Named } from "../listing/entry.ts";
import { ImageList } from "../listing/image-list.ts";

/**
 * Files by their names without folder and ending. Several files may have the same name in different folders, as in COCO's
 * train2014/ and val2014/; the split of an image then decides between them.
 */
export class FilesByName {
  /** A list without images that knows the names of the files. */
  readonly list: ImageList;
  /** Whether any file is in a subfolder. */
  readonly inFolders: boolean;
  /** The first file of each name, by the name's number. */
  private readonly files: readonly string[];
  /** For names that several files have, all of these, sorted. */
  private readonly namesakes = new Map<number, string[]>();

  constructor(paths: readonly string[]) {
    this.inFolders = paths.some((path) => path.includes("/"));
    const names = paths.map((path) => ownCopy(stem(this.inFolders ? basename(path) : path)));
    const repeated = new Map<number, number>();
    this.list = new ImageList(names, (i, id, isNew) => {
      if (!isNew) repeated.set(i, id);
    });
    this.files = repeated.size === 0 ? paths : paths.filter((_, i) => !repeated.has(i));
    for (const [i, id] of repeated) this.namesakes.set(id, [...this.all(id), paths[i]!].sort());
  }

  /** The file of a name; of several, the one in a folder named like the split, else the first. */
  file(id: number, split: string): string {
    const candidates = this.namesakes.size === 0 ? undefined : this.namesakes.get(id);
    if (!candidates) return this.files[id]!;
    return candidates.find((path) => splitOfFolder(path) === split) ?? candidates[0]!;
  }

  /** The names of the files in a folder named like the split. */
  inSplit(split: string): Named[] {
    return this.files
      .map((_, id) => ({ id, here: this.all(id).some((path) => splitOfFolder(path) === split) }))
      .filter(({ here }) => here)
      .map(({ id }) => ({ name: this.list.nameAt(id), id }));
  }

  private all(id: number): readonly string[] {
    return this.namesakes.get(id) ?? [this.files[id]!];
  }
}

/** `train` for paths in train/ and train2014/. */
export function splitOfFolder(path: string): string {
  return path.slice(0, Math.max(0, path.indexOf("/"))).replace(/\d{4}$/, "");
}
