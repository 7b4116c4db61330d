import { join } from "node:path";
import { isFolder, listImages, stem } from "../../host/node/files/folder.ts";

/** Folders of images that may lie beside masks. */
const usual = ["images", "JPEGImages"];

/** Image files to be found by the names of their masks. */
export class ImageFiles {
  private constructor(
    private readonly folder: string,
    private readonly byPath: ReadonlyMap<string, string>,
  ) {}

  /** Those in a folder, or if none is given in a usual place below `root`. */
  static async find(folder: string | undefined, root: string): Promise<ImageFiles> {
    const candidates = folder === undefined ? usual.map((name) => join(root, name)) : [folder];
    for (const candidate of candidates) {
      if (folder === undefined && !(await isFolder(candidate))) continue;
      const files = await listImages(candidate);
      const paths = files.flatMap((file): [string, string][] => [
        [stem(file), file],
        [file, file],
      ]);
      return new ImageFiles(candidate, new Map(paths));
    }
    return new ImageFiles(root, new Map());
  }

  /** The path of an image that has this name, with or without ending. */
  get(...names: readonly (string | undefined)[]): string | undefined {
    for (const name of names) {
      const file = name === undefined ? undefined : this.byPath.get(name.normalize("NFC"));
      const found = file ?? (name === undefined ? undefined : this.byPath.get(name));
      if (found !== undefined) return join(this.folder, found);
    }
    return undefined;
  }
}
