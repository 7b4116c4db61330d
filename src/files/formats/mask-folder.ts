import { lstat, readdir, rm } from "node:fs/promises";
import { basename, dirname, extname, join } from "node:path";
import { ignoreIndex, type Image, type LabelMap } from "../../method/images/image.ts";
import { validateClasses } from "../../method/images/classes.ts";
import type { InstanceKind } from "../../method/images/regions.ts";
import { UserError } from "../../user-error.ts";
import { writeFileAtomic } from "../../host/node/files/atomic-file.ts";
import { writeImage } from "../../host/node/images/images.ts";
import { makeFolder, removeEmptyFolders } from "../../host/node/files/make-folder.ts";
import { classesJson } from "./classes-file.ts";
import type { ThumbnailFile } from "../report/write-contact-sheet.ts";
import { freeName, safePath } from "../text/file-name.ts";
import { formatFiles, type MaskFormat } from "./formats.ts";
import { DroppedDetails, type DroppedDetail } from "./dropped.ts";
import { paintLabels } from "../../method/images/overlay.ts";
import { makeThumbnail, thumbnailFolder, thumbnailSide } from "../../host/node/images/thumbnail.ts";
import { openWriter, type MaskWriter } from "./create.ts";

export interface MaskFolderOptions {
  /** Formats; with several, each in a folder of its name. */
  readonly format?: readonly MaskFormat[];
  /** What becomes an object in formats that know objects. */
  readonly instances?: InstanceKind;
  /** What the names of images begin with for Label Studio. */
  readonly imageUrl?: string;
  /** Also write each mask laid over its image, `overlays/<name>.jpg`. */
  readonly overlays?: boolean;
  /** Also show all masks on one page, `contact-sheet.html`. */
  readonly sheet?: boolean;
  /** Write into a folder that has files already, over those of the same name. */
  readonly overwrite?: boolean;
}

/** Where the image of a mask came from. */
export interface MaskOrigin {
  /** Its file. */
  readonly source?: string;
  /** What tools know it as, if that is not the mask's name with the ending of the file. */
  readonly fileName?: string;
  /** How sure its mask is, 0..1. */
  readonly confidence?: number;
}

/** Where the files of one image went. */
export interface WrittenMask {
  /** The mask's own PNG, in formats that have such. */
  readonly mask?: string;
  readonly overlay?: string;
  /** The overlay made small for the contact sheet, if there is to be one. */
  readonly thumbnail?: ThumbnailFile;
}

/** Endings of what lies beside the one file of a format. */
const companions = [".classes.json", ".confidence.csv", ".xml"] as const;

/** Label Studio's own way to name files of a folder that it is told of. */
const localFiles = "/data/local-files/?d=";

/**
 * Masks in a folder, in one format or several: for "voc" as `masks/<name>.png` with VOC's palette; with
 * `overlays/<name>.jpg`, and `classes.json` once it is complete. Every file is written whole or not at all.
 */
export class MaskFolder {
  private readonly taken = new Set<string>();
  private readonly takenFiles = new Set<string>();
  /** Files that were not there before, so that they may be taken back. */
  private readonly added = new Set<string>();
  private readonly thumbnails: string[] = [];
  private writers: readonly MaskWriter[] = [];
  private readonly lossList = new DroppedDetails();

  private constructor(
    /** The folder, or the one file that was asked for. */
    readonly path: string,
    /** Foreground class names. */
    readonly classes: readonly string[],
    private readonly options: MaskFolderOptions,
    /** The topmost folder that did not exist before, if any. */
    private readonly made: string | undefined,
    /** Whether the path is that of one file. */
    private readonly single: boolean,
  ) {}

  /**
   * Makes the folder, or takes an empty one; a UserError where it cannot be written.
   * @param path a folder; for a format that is one file also a file that ends as it does
   * @param classes foreground class names; label i + 1 is classes[i]
   */
  static async create(
    path: string,
    classes: readonly string[],
    options: MaskFolderOptions = {},
  ): Promise<MaskFolder> {
    validateClasses(classes, path);
    const single = isSingleFile(path, options.format ?? ["voc"]);
    const root = single ? dirname(path) : path;
    const made = await makeFolder(root);
    const existing = await readdir(root);
    const beside = single ? existing.find((name) => isCompanion(name, basename(path))) : undefined;
    if (options.overwrite !== true && beside !== undefined) {
      throw new UserError(
        `${join(root, beside)}: is there already; name a new file, or ask to overwrite`,
      );
    }
    if (options.overwrite !== true && !single && existing.length > 0) {
      throw new UserError(
        `${path}: has ${existing.length} file(s) already; give an empty or new folder, or ask to overwrite`,
      );
    }
    const folder = new MaskFolder(path, classes, options, made, single);
    // Known now, not after the first image has been through the network.
    const probe = join(root, `.probe-${process.pid}`);
    try {
      await writeFileAtomic(probe, "", { durable: false });
      await rm(probe);
      await folder.open();
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
  async write(
    name: string,
    labels: LabelMap,
    image?: Image,
    origin: MaskOrigin = {},
  ): Promise<WrittenMask> {
    this.checkLabels(name, labels);
    const free = freeName(safePath(name), this.taken);
    // From here on an earlier job's list would vouch for masks that are not its own.
    if (this.taken.size === 1) await rm(this.classesFile, { force: true });
    const fileName = this.fileName(name, free, origin);
    let mask: string | undefined;
    for (const writer of this.writers) {
      const path = await writer.write({ ...origin, name: free, fileName, labels });
      mask ??= path;
    }
    const written = mask === undefined ? {} : { mask };
    if (!image || this.options.overlays === false || this.single) return written;
    const overlay = join(this.path, "overlays", `${free}.jpg`);
    await this.claim(overlay);
    const painted = paintLabels(image, labels);
    const [thumbnail] = await Promise.all([
      this.options.sheet === true ? this.writeThumbnail(free, painted) : undefined,
      writeImage(overlay, painted, { durable: false }),
    ]);
    return { ...written, overlay, ...(thumbnail && { thumbnail }) };
  }

  /** While the picture is at hand: the page would have to read it again. */
  private async writeThumbnail(name: string, painted: Image): Promise<ThumbnailFile> {
    const file = join(this.path, thumbnailFolder, `${name}.jpg`);
    await this.claim(file);
    this.thumbnails.push(file);
    const { jpeg, width, height } = await makeThumbnail(painted, thumbnailSide);
    await writeFileAtomic(file, jpeg, { durable: false });
    return { file, width, height };
  }

  /** Completes all formats and writes `classes.json`, which says that the folder is complete; its path. */
  async finish(): Promise<string> {
    for (const writer of this.writers) await writer.finish();
    const path = this.classesFile;
    await this.claim(path);
    await writeFileAtomic(path, classesJson(this.classes));
    return path;
  }

  /** Takes back the files and folders that were added; what was written over stays as it is now. */
  async discard(): Promise<void> {
    await this.abandon();
    const root = this.single ? dirname(this.path) : this.path;
    for (const file of this.added) await rm(file, { force: true });
    const folders = new Set([...this.added].map((file) => dirname(file)));
    for (const format of this.formats) folders.add(this.folderOf(format));
    for (const folder of folders) await removeEmptyFolders(folder, root);
    if (this.made !== undefined) await removeEmptyFolders(root, dirname(this.made));
  }

  /** Leaves what is complete by itself, such as PNGs, and takes back what belongs to files that are not. */
  async abandon(): Promise<void> {
    for (const writer of this.writers) await writer.discard();
    const made = this.thumbnails.splice(0).filter((file) => this.added.has(file));
    for (const file of made) await rm(file, { force: true });
    for (const folder of new Set(made.map((file) => dirname(file)))) {
      await removeEmptyFolders(folder, this.path);
    }
  }

  /** What the formats could not hold so far. */
  losses(): DroppedDetail[] {
    return this.lossList.list();
  }

  /** Where a file about all masks goes: into the folder, or beside the one file under its name. */
  besides(name: string): string {
    if (!this.single) return join(this.path, name);
    return `${this.path.slice(0, this.path.length - extname(this.path).length)}.${name}`;
  }

  /** Whether the masks are to be shown on a page. */
  get wantsSheet(): boolean {
    return this.options.sheet === true && !this.single;
  }

  private get classesFile(): string {
    return this.besides("classes.json");
  }

  private get formats(): readonly MaskFormat[] {
    return this.options.format ?? ["voc"];
  }

  private folderOf(format: MaskFormat): string {
    if (this.single) return dirname(this.path);
    return this.formats.length > 1 ? join(this.path, format) : this.path;
  }

  private async open(): Promise<void> {
    for (const format of this.formats) {
      const writer = await openWriter(format, {
        folder: this.folderOf(format),
        ...(this.single && { file: this.path }),
        classes: this.classes,
        instances: this.options.instances ?? "regions",
        imageUrl: this.options.imageUrl ?? localFiles,
        losses: this.lossList,
        claim: (path) => this.claim(path),
      });
      this.writers = [...this.writers, writer];
    }
  }

  /** Remembers a file that is about to be written, if it is a new one. */
  private async claim(file: string): Promise<void> {
    const there = await lstat(file).then(
      () => true,
      () => false,
    );
    if (!there) this.added.add(file);
  }

  /** What tools know an image as. Two images may differ in the ending alone, which their masks cannot. */
  private fileName(name: string, free: string, { source, fileName }: MaskOrigin): string {
    const ending = extname(fileName ?? source ?? "");
    if (
      ending === "" &&
      this.formats.some((format) => format === "coco" || format === "labelstudio")
    ) {
      this.lossList.add("the image's file is not known; it is taken to end in .jpg", free);
    }
    const wanted = safePath(fileName ?? `${name}${ending === "" ? ".jpg" : ending}`);
    const key = wanted.toLowerCase();
    if (this.takenFiles.has(key)) return `${free}${ending === "" ? ".jpg" : ending}`;
    this.takenFiles.add(key);
    return wanted;
  }

  private checkLabels(name: string, { width, height, data }: LabelMap): void {
    if (data.length !== width * height) {
      throw new RangeError(`masks: ${name} is ${width}x${height} but has ${data.length} labels`);
    }
    const most = this.classes.length;
    // Every pixel passes here: a loop takes a tenth of the time of find().
    for (let i = 0; i < data.length; i++) {
      const label = data[i]!;
      if (label <= most || label === ignoreIndex) continue;
      throw new RangeError(`masks: ${name} has label ${label} of ${most} classes`);
    }
  }
}

/** Whether a name is that of a file, or of one that is written beside it. */
function isCompanion(name: string, file: string): boolean {
  const bare = file.slice(0, file.length - extname(file).length);
  return [file, ...companions.map((ending) => bare + ending)].includes(name);
}

/** Whether a path names the one file that a format is, and no folder. */
function isSingleFile(path: string, formats: readonly MaskFormat[]): boolean {
  const ending = extname(path).toLowerCase();
  if (ending !== ".json" && ending !== ".zip") return false;
  const [format, ...more] = formats;
  if (more.length === 0 && extname(formatFiles[format!] ?? "") === ending) return true;
  throw new UserError(
    `${path}: ${formats.join(" and ")} cannot be written as a ${ending} file; name a folder`,
  );
}
