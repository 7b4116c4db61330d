import type { Store } from "../../host/store.ts";
import { listImages } from "../text/folders.ts";
import { stem, join } from "../text/path.ts";

/** Usual names of image folders next to masks. */
const usualFolders = ["images", "JPEGImages"];

/** Image files that are looked up by the names of their masks. */
export class ImageFiles {
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
      const files = await listImages(store, candidate);
      const paths = files.flatMap((file): [string, string][] => [
        [stem(file).normalize("NFC"), file],
        [file.normalize("NFC"), file],
      ]);
      return new ImageFiles(candidate, new Map(paths));
    }
    return new ImageFiles(root, new Map());
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
