import type { Store } from "../../host/store.ts";
import { foreignImage } from "../../method/images/image-name.ts";
import { listImages } from "../text/folders.ts";
import { basename, join, stem } from "../text/path.ts";

/** Usual names of image folders next to masks. */
const usualFolders = ["images", "JPEGImages"];

function isReadable(file: string): boolean {
  return foreignImage(file) === undefined;
}

/** The name of a file before Label Studio put eight hexadecimal digits before it: `name.png` for `1a2b3c4d-name.png`. */
export function uploadedName(fileName: string): string | undefined {
  return /^[0-9a-f]{8}-(.+)$/.exec(basename(fileName))?.[1];
}

/** Image files that are looked up by the names of their masks. */
export class ImageFiles {
  private byLast: ReadonlyMap<string, string[]> | undefined;

  private constructor(
    private readonly folder: string,
    private readonly byPath: ReadonlyMap<string, string>,
    /** Images that are looked up if there is none of the name here. */
    private readonly others?: ImageFiles,
  ) {}

  /** These images, and those of other files for names that they lack. */
  or(others: ImageFiles): ImageFiles {
    return new ImageFiles(this.folder, this.byPath, this.others ? this.others.or(others) : others);
  }

  /** The images in a folder; without one, those in the first usual folder below `root`. */
  static async find(store: Store, folder: string | undefined, root: string): Promise<ImageFiles> {
    const candidates =
      folder === undefined ? usualFolders.map((name) => join(root, name)) : [folder];
    for (const candidate of candidates) {
      if (folder === undefined && (await store.stat(candidate))?.kind !== "folder") continue;
      // Those that are not readable come first, so that another of the same name takes their place.
      const files = [...(await listImages(store, candidate))].sort(
        (a, b) => Number(isReadable(a)) - Number(isReadable(b)),
      );
      const paths = files.flatMap((file): [string, string][] => [
        [stem(file).normalize("NFC"), file],
        [file.normalize("NFC"), file],
      ]);
      return new ImageFiles(candidate, new Map(paths));
    }
    return new ImageFiles(root, new Map());
  }

  /** The only image in a subfolder that has this name, with its ending. */
  inside(name: string): string | undefined {
    const end = `/${name.normalize("NFC")}`;
    this.byLast ??= groupByLast([...new Set(this.byPath.values())]);
    const found = this.byLast
      .get(end.slice(end.lastIndexOf("/")))
      ?.filter((file) => `/${file.normalize("NFC")}`.endsWith(end));
    if (found?.length === 1) return join(this.folder, found[0]!);
    return this.others?.inside(name);
  }

  /** The paths of all images. */
  all(): string[] {
    const own = [...new Set(this.byPath.values())].map((file) => join(this.folder, file));
    return [...own, ...(this.others?.all() ?? [])];
  }

  /** The path of the first image that has one of these names, with or without ending. */
  get(...names: readonly (string | undefined)[]): string | undefined {
    for (const name of names) {
      if (name === undefined) continue;
      const file = this.byPath.get(name.normalize("NFC"));
      if (file !== undefined) return join(this.folder, file);
    }
    return this.others?.get(...names);
  }
}

/** Paths by their last part, with the slash before it. */
function groupByLast(files: readonly string[]): Map<string, string[]> {
  const groups = new Map<string, string[]>();
  for (const file of files) {
    const key = `/${basename(file).normalize("NFC")}`;
    groups.set(key, [...(groups.get(key) ?? []), file]);
  }
  return groups;
}
