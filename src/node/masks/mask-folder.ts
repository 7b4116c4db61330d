import { lstat, readdir, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import { ignoreIndex, validateClasses, vocPalette } from "../../data/classes.ts";
import type { Image, LabelMap } from "../../data/sample.ts";
import { UserError } from "../../user-error.ts";
import { writeFileAtomic } from "../atomic-file.ts";
import { writeImage, writeMask } from "../images.ts";
import { makeFolder, removeEmptyFolders } from "../make-folder.ts";
import { safePath } from "./file-name.ts";
import { hexColor, overlayColor, paintLabels } from "./overlay.ts";

export interface MaskFolderOptions {
  /** Also write each mask laid over its image, `overlays/<name>.jpg`. */
  readonly overlays?: boolean;
  /** Write into a folder that has files already, over those of the same name. */
  readonly overwrite?: boolean;
}

/** Where the files of one image went. */
export interface WrittenMask {
  readonly mask: string;
  readonly overlay?: string;
}

/**
 * A folder of masks: `masks/<name>.png` with VOC's palette, `overlays/<name>.jpg`, and `classes.json`
 * once it is complete. Every file is written whole or not at all.
 */
export class MaskFolder {
  private readonly taken = new Set<string>();
  /** Files that were not there before, so that they may be taken back. */
  private readonly added = new Set<string>();

  private constructor(
    readonly path: string,
    private readonly classes: readonly string[],
    private readonly overlays: boolean,
    /** The topmost folder that did not exist before, if any. */
    private readonly made: string | undefined,
  ) {}

  /**
   * Makes the folder, or takes an empty one; a UserError where it cannot be written.
   * @param classes foreground class names; label i + 1 is classes[i]
   */
  static async create(
    path: string,
    classes: readonly string[],
    { overlays = true, overwrite = false }: MaskFolderOptions = {},
  ): Promise<MaskFolder> {
    validateClasses(classes, path);
    const made = await makeFolder(path);
    const existing = await readdir(path);
    if (existing.length > 0 && !overwrite) {
      throw new UserError(
        `${path}: has ${existing.length} file(s) already; give an empty or new folder, or ask to overwrite`,
      );
    }
    const folder = new MaskFolder(path, classes, overlays, made);
    // Known now, not after the first image has been through the network.
    const probe = join(path, `.probe-${process.pid}`);
    try {
      await writeFileAtomic(probe, "", { durable: false });
      await rm(probe);
    } catch (error) {
      await folder.discard();
      throw error;
    }
    return folder;
  }

  /**
   * Writes one image's mask, and its overlay where an image is given.
   * @param name what the image is called, without extension; may name sub-folders
   */
  async write(name: string, labels: LabelMap, image?: Image): Promise<WrittenMask> {
    this.checkLabels(name, labels);
    const free = this.freeName(safePath(name));
    // From here on an earlier job's list would vouch for masks that are not its own.
    if (this.taken.size === 1) await rm(this.classesFile, { force: true });
    const mask = join(this.path, "masks", `${free}.png`);
    await this.claim(mask);
    await writeMask(mask, labels, { durable: false });
    if (!image || !this.overlays) return { mask };
    const overlay = join(this.path, "overlays", `${free}.jpg`);
    await this.claim(overlay);
    await writeImage(overlay, paintLabels(image, labels), { durable: false });
    return { mask, overlay };
  }

  /** Writes `classes.json`, which says that the folder is complete; returns its path. */
  async finish(): Promise<string> {
    const path = this.classesFile;
    await this.claim(path);
    const classes = ["background", ...this.classes].map((name, index) => ({
      index,
      name,
      color: hexColor(vocPalette[index]!),
      ...(index > 0 && { overlayColor: hexColor(overlayColor(index)) }),
    }));
    const ignore = { index: ignoreIndex, color: hexColor(vocPalette[ignoreIndex]!) };
    await writeFileAtomic(path, `${JSON.stringify({ classes, ignore }, undefined, 2)}\n`);
    return path;
  }

  /** Takes back the files and folders that were added; what was written over stays as it is now. */
  async discard(): Promise<void> {
    for (const file of this.added) await rm(file, { force: true });
    const folders = new Set([...this.added].map((file) => dirname(file)));
    for (const folder of folders) await removeEmptyFolders(folder, this.path);
    if (this.made !== undefined) await removeEmptyFolders(this.path, dirname(this.made));
  }

  private get classesFile(): string {
    return join(this.path, "classes.json");
  }

  /** Remembers a file that is about to be written, if it is a new one. */
  private async claim(file: string): Promise<void> {
    const there = await lstat(file).then(
      () => true,
      () => false,
    );
    if (!there) this.added.add(file);
  }

  /** Different names may be made alike by what file names cannot have, or differ in case alone. */
  private freeName(wanted: string): string {
    let name = wanted;
    for (let n = 2; this.taken.has(name.toLowerCase()); n++) name = `${wanted}-${n}`;
    this.taken.add(name.toLowerCase());
    return name;
  }

  private checkLabels(name: string, { width, height, data }: LabelMap): void {
    if (data.length !== width * height) {
      throw new RangeError(`masks: ${name} is ${width}x${height} but has ${data.length} labels`);
    }
    const wrong = data.find((label) => label > this.classes.length && label !== ignoreIndex);
    if (wrong !== undefined) {
      throw new RangeError(`masks: ${name} has label ${wrong} of ${this.classes.length} classes`);
    }
  }
}
