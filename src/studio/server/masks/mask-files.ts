import { mkdir, rename } from "node:fs/promises";
import { dirname } from "node:path";
import { listPngs } from "../../../files/formats/png/read.ts";
import { safeName } from "../../../files/datasets/arrange.ts";
import { isFolder } from "../../../files/text/folders.ts";
import { join, stem } from "../../../files/text/path.ts";
import { removeTemporary } from "../../../files/run/files.ts";
import type { Store } from "../../../host/store.ts";

/**
 * Folders of masks in the studio's own folder:
 * - `corrections`: train and are exported
 * - `set-aside`: masks of rejected images, and of those a person is unsure about
 * - `bases`: the drafts that people began with, as they were first shown
 * - `forgotten`: the last mask of each image whose correction was reset
 */
const pngFolders = ["corrections", "set-aside", "bases", "forgotten"] as const;
export type PngFolder = (typeof pngFolders)[number];

const journalFolder = "journal";

/** The files of masks by the names of their images. */
export class MaskFiles {
  constructor(
    private readonly store: Store,
    private readonly root: string,
  ) {}

  folder(name: PngFolder): string {
    return join(this.root, name);
  }

  png(folder: PngFolder, name: string): string {
    return join(this.root, folder, `${name}.png`);
  }

  journal(name: string): string {
    return join(this.root, journalFolder, `${name}.log`);
  }

  /** Names of the images that have a file in a folder. */
  async named(folder: PngFolder): Promise<string[]> {
    if (!(await isFolder(this.store, this.folder(folder)))) return [];
    return (await listPngs(this.store, this.folder(folder))).map((file) => safeName(stem(file)));
  }

  /** Names of the images that have a journal. */
  async journaled(): Promise<string[]> {
    const folder = join(this.root, journalFolder);
    if (!(await isFolder(this.store, folder))) return [];
    const { files } = await this.store.list(folder);
    return files.filter((file) => file.endsWith(".log")).map((file) => file.slice(0, -4));
  }

  /** Gives the mask of an image to another folder, at once; does nothing if there is none. */
  async move(name: string, from: PngFolder, to: PngFolder): Promise<void> {
    const target = this.png(to, name);
    await mkdir(dirname(target), { recursive: true });
    await rename(this.png(from, name), target).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== "ENOENT") throw error;
    });
  }

  /** Removes the unfinished files of processes that were killed. */
  async removeTemporary(): Promise<void> {
    for (const name of [...pngFolders, journalFolder]) {
      await removeTemporary(this.store, join(this.root, name));
    }
  }
}
