import type { Store } from "../../../host/store.ts";
import { isFolder, listImages } from "../../text/folders.ts";
import { basename, join, stem } from "../../text/path.ts";
import type { Entry } from "../listing/entry.ts";
import type { Source } from "../listing/listing.ts";
import { numbersOf } from "../tags/sources.ts";
import { FilesByName } from "./files-by-name.ts";

/** The folders with masks; if several have a mask of an image, the first counts. */
const folderNames = ["SegmentationClassAug", "SegmentationClassPNG", "SegmentationClass"];

interface MaskFolder {
  readonly name: string;
  /** The path of the folder with a trailing slash: the beginning of the paths of its masks. */
  readonly path: string;
  readonly files: FilesByName;
  readonly byNumber: ReadonlyMap<string, string>;
}

/** The mask PNGs of a VOC folder, by the name of the image or, as for COCO, by its number. */
export class MaskFolders {
  private constructor(private readonly folders: readonly MaskFolder[]) {}

  static async read(store: Store, root: string): Promise<MaskFolders> {
    const folders: MaskFolder[] = [];
    for (const name of folderNames) {
      if (!(await isFolder(store, join(root, name)))) continue;
      const paths = await listImages(store, join(root, name));
      const files = paths.filter((file) => /\.png$/i.test(file));
      const byNumber = new Map<string, string>();
      for (const file of files) {
        const [number] = numbersOf(stem(basename(file)));
        if (number !== undefined) byNumber.set(number, file);
      }
      folders.push({ name, path: join(root, name, "/"), files: new FilesByName(files), byNumber });
    }
    return new MaskFolders(folders);
  }

  /** Path of the mask of an image; undefined if it has none. */
  find(image: string, split: string): string | undefined {
    if (this.folders.length === 0) return undefined;
    const [number] = numbersOf(image);
    for (const { path, files, byNumber } of this.folders) {
      const id = files.list.find(image);
      const numbered = number === undefined ? undefined : byNumber.get(number);
      const file = id === undefined ? numbered : files.file(id, split);
      if (file !== undefined) return join(path, file);
    }
  }

  /** For each folder, the number of entries with a mask from it. */
  count(entries: Iterable<Entry>): Source[] {
    const counts = new Map<string, number>();
    for (const { mask } of entries) {
      const folder = this.folders.find(({ path }) => mask?.startsWith(path));
      if (folder) counts.set(folder.name, (counts.get(folder.name) ?? 0) + 1);
    }
    return this.folders.map(({ name }) => ({ from: name, images: counts.get(name) ?? 0 }));
  }
}
