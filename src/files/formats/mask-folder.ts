import type { FileHost } from "../../host/host.ts";
import { validateClasses } from "../../method/images/classes.ts";
import { ignoreIndex, type Image, type LabelMap } from "../../method/images/image.ts";
import { findRegions, type InstanceKind } from "../../method/images/regions.ts";
import { paintLabels } from "../../method/images/overlay.ts";
import { UserError } from "../../user-error.ts";
import { freeName, safePath } from "../text/file-name.ts";
import { basename, dirname, extname, join } from "../text/path.ts";
import { classesJson } from "./classes-file.ts";
import { openWriter } from "./create.ts";
import { LostDetails, type LostDetail } from "./lost-details.ts";
import {
  formatFiles,
  objectUnit,
  type CocoShape,
  type MaskFormat,
  type MaskLayout,
} from "./formats.ts";
import { FileTransaction, removeFile } from "./transaction.ts";
import { thumbnailFolder, thumbnailSide, type MaskWriter, type ThumbnailFile } from "./writer.ts";

export interface MaskFolderOptions {
  /** Formats to write, `voc` by default; several go into a folder each, named after the format. */
  readonly format?: readonly MaskFormat[];
  /** The unit that becomes an object in formats that have objects. */
  readonly instances?: InstanceKind;
  /** Prefix of image names in Label Studio. */
  readonly imageUrl?: string;
  /** Outlines of objects in COCO, run lengths by default. */
  readonly shapes?: CocoShape;
  /** Tree of palette PNGs, `masks/` alone by default; `voc2012` is for the format voc. */
  readonly layout?: MaskLayout;
  /** Also write each mask laid over its image, `overlays/<name>.jpg`. */
  readonly overlays?: boolean;
  /** Also show all masks on one page, `contact-sheet.html`. */
  readonly sheet?: boolean;
  /** Write into a folder that has files already, replacing those of the same name. */
  readonly overwrite?: boolean;
}

/** Facts about the image of a mask. */
export interface MaskOrigin {
  /** The image file. */
  readonly source?: string;
  /** The image's name for other tools, if it is not the mask's name with the ending of the file. */
  readonly fileName?: string;
  /** Confidence of the mask, 0..1. */
  readonly confidence?: number;
}

/** Paths of the files written for one image. */
export interface WrittenMask {
  /** The mask's own PNG, in formats that have one. */
  readonly mask?: string;
  readonly overlay?: string;
  /** A small version of the overlay, if there will be a contact sheet. */
  readonly thumbnail?: ThumbnailFile;
}

/** Endings of the files that accompany a format's single file. */
const companions = [".classes.json", ".confidence.csv", ".xml"] as const;

/** Prefix with which Label Studio names files of its local storage. */
const localFiles = "/data/local-files/?d=";

/**
 * Masks in a folder, in one format or several: for "voc" as `masks/<name>.png` with VOC's palette, and
 * `overlays/<name>.jpg`. A `classes.json` marks the folder as complete. Every file appears complete or not at all.
 */
export class MaskFolder {
  private readonly names = new Set<string>();
  private readonly fileNames = new Set<string>();
  private readonly thumbnails: string[] = [];
  private writers: readonly MaskWriter[] = [];
  private readonly lost = new LostDetails();

  private constructor(
    private readonly host: FileHost,
    /** The folder, or the single file of a format that is one file. */
    readonly path: string,
    /** Foreground class names. */
    readonly classes: readonly string[],
    private readonly options: MaskFolderOptions,
    private readonly files: FileTransaction,
    /** Whether the path is that of a single file. */
    private readonly single: boolean,
  ) {}

  /**
   * Makes the folder, or takes an empty one; a UserError where it cannot be written.
   * @param path a folder; for a format that is one file also a file with its ending
   * @param classes foreground class names; label i + 1 is classes[i]
   */
  static async create(
    host: FileHost,
    path: string,
    classes: readonly string[],
    options: MaskFolderOptions = {},
  ): Promise<MaskFolder> {
    const { store } = host;
    validateClasses(classes, path);
    const formats = options.format ?? ["voc"];
    checkFormatOptions(path, formats, options);
    const single = isSingleFile(path, formats);
    const root = single ? dirname(path) : path;
    const files = await FileTransaction.begin(store, root);
    const content = await store.list(root, { hidden: true });
    const existing = [...content.folders, ...content.files];
    if (options.overwrite !== true) checkVacant(path, root, single, existing);
    const folder = new MaskFolder(host, path, classes, options, files, single);
    try {
      // Fails now if the folder cannot be written, not after the first image has been through the network.
      const probe = await store.writeStream(join(root, ".probe"));
      await probe.discard();
      await folder.open();
    } catch (error) {
      await folder.discard();
      throw error;
    }
    return folder;
  }

  /**
   * Writes one image's mask, and its overlay if the image is passed too.
   * @param name the image's name without ending; may have subfolders
   */
  async write(
    name: string,
    labels: LabelMap,
    image?: Image,
    origin: MaskOrigin = {},
  ): Promise<WrittenMask> {
    this.checkLabels(name, labels);
    const isFirst = this.names.size === 0;
    const free = freeName(safePath(name), this.names);
    // An earlier job's list would make the folder look complete, and does not describe the new masks.
    if (isFirst) await removeFile(this.host.store, this.classesFile);
    const fileName = this.fileName(name, free, origin);
    this.countObjects(free, labels);
    let mask: string | undefined;
    for (const writer of this.writers) {
      const path = await writer.write({ ...origin, name: free, fileName, labels });
      mask ??= path;
    }
    const paths = mask === undefined ? {} : { mask };
    if (!image || this.options.overlays === false || this.single) return paths;
    const overlay = join(this.path, "overlays", `${free}.jpg`);
    const picture = paintLabels(image, labels);
    const [thumbnail] = await Promise.all([
      this.options.sheet === true ? this.writeThumbnail(free, picture) : undefined,
      this.writeOverlay(overlay, picture),
    ]);
    return { ...paths, overlay, ...(thumbnail && { thumbnail }) };
  }

  private async writeOverlay(path: string, picture: Image): Promise<void> {
    const jpeg = await this.host.codec.encode(picture, "jpeg");
    await this.files.write(path, jpeg, { durable: false });
  }

  /** Writes the thumbnail while the picture is in memory; the contact sheet would have to decode it again. */
  private async writeThumbnail(name: string, picture: Image): Promise<ThumbnailFile> {
    const file = join(this.path, thumbnailFolder, `${name}.jpg`);
    this.thumbnails.push(file);
    const { jpeg, width, height } = await this.host.codec.thumbnail(picture, thumbnailSide);
    await this.files.write(file, jpeg, { durable: false });
    return { file, width, height };
  }

  /** Completes all formats and writes `classes.json`, the sign of a complete folder; returns its path. */
  async finish(): Promise<string> {
    for (const writer of this.writers) await writer.finish();
    await this.files.write(this.classesFile, classesJson(this.classes));
    return this.classesFile;
  }

  /** Removes the files and folders that the job added; files that replaced others stay as they are. */
  async discard(): Promise<void> {
    for (const writer of this.writers) await writer.discard();
    await this.files.rollBack();
  }

  /** Keeps files that are complete by themselves, such as PNGs, and removes unfinished files and thumbnails. */
  async abandon(): Promise<void> {
    for (const writer of this.writers) await writer.discard();
    await this.files.removeAdded(this.thumbnails.splice(0));
  }

  /** Enters the objects of a mask into the ledger, for each format that stores objects and enters those it wrote. */
  private countObjects(name: string, labels: LabelMap): void {
    const units = this.formats.flatMap((format) => objectUnit(format, this.instances) ?? []);
    for (const unit of new Set(units)) {
      const regions = findRegions(labels, unit).labels.filter((label) => label !== ignoreIndex);
      const formats = units.filter((other) => other === unit).length;
      this.lost.read(name, regions.length * formats);
    }
  }

  /** The details that the formats could not hold so far. */
  losses(): LostDetail[] {
    return this.lost.list();
  }

  /** Path for a file about all masks: in the folder, or next to the single file with its name as prefix. */
  besides(name: string): string {
    if (!this.single) return join(this.path, name);
    return `${this.path.slice(0, this.path.length - extname(this.path).length)}.${name}`;
  }

  /** Whether the options include a contact sheet and the path is a folder, which can hold it. */
  get wantsSheet(): boolean {
    return this.options.sheet === true && !this.single;
  }

  private get classesFile(): string {
    return this.besides("classes.json");
  }

  private get formats(): readonly MaskFormat[] {
    return this.options.format ?? ["voc"];
  }

  private get instances(): InstanceKind {
    return this.options.instances ?? "regions";
  }

  private folderOf(format: MaskFormat): string {
    if (this.single) return dirname(this.path);
    return this.formats.length > 1 ? join(this.path, format) : this.path;
  }

  private async open(): Promise<void> {
    for (const format of this.formats) {
      const writer = await openWriter(this.host.codec, format, {
        folder: this.folderOf(format),
        ...(this.single && { file: this.path }),
        classes: this.classes,
        instances: this.instances,
        imageUrl: this.options.imageUrl ?? localFiles,
        shapes: this.options.shapes ?? "rle",
        layout: this.options.layout ?? "masks",
        losses: this.lost,
        files: this.files,
      });
      this.writers = [...this.writers, writer];
    }
  }

  /** The image's name for other tools. Two images may differ in their endings only, which their masks cannot. */
  private fileName(name: string, free: string, { source, fileName }: MaskOrigin): string {
    const ending = extname(fileName ?? source ?? "");
    if (
      ending === "" &&
      this.formats.some((format) => format === "coco" || format === "labelstudio")
    ) {
      this.lost.add("the image's file is not known; its name is assumed to end in .jpg", free);
    }
    const preferred = safePath(fileName ?? `${name}${ending === "" ? ".jpg" : ending}`);
    const key = preferred.toLowerCase();
    if (this.fileNames.has(key)) return `${free}${ending === "" ? ".jpg" : ending}`;
    this.fileNames.add(key);
    return preferred;
  }

  private checkLabels(name: string, { width, height, data }: LabelMap): void {
    if (data.length !== width * height) {
      throw new RangeError(`masks: ${name} is ${width}x${height}, but has ${data.length} labels`);
    }
    const count = this.classes.length;
    // A loop takes a tenth of the time of find(), and every pixel passes here.
    for (let i = 0; i < data.length; i++) {
      const label = data[i]!;
      if (label <= count || label === ignoreIndex) continue;
      throw new RangeError(`masks: ${name} has label ${label}, but there are ${count} classes`);
    }
  }
}

/** Throws a UserError for options of a format that is not written. */
function checkFormatOptions(
  path: string,
  formats: readonly MaskFormat[],
  { shapes, layout }: MaskFolderOptions,
): void {
  const foreign = (name: "shapes" | "layout", value: string, format: MaskFormat): UserError =>
    new UserError(
      `${path}: ${name} ${value} is for the format ${format}, but the masks are written as ${formats.join(" and ")}`,
      { code: "usage", remedies: [{ kind: "omit", name }] },
    );
  if (shapes === "polygon" && !formats.includes("coco")) throw foreign("shapes", shapes, "coco");
  if (layout === "voc2012" && !formats.includes("voc")) throw foreign("layout", layout, "voc");
}

/** Throws a UserError if files would be replaced, or the folder is not empty. */
function checkVacant(
  path: string,
  root: string,
  single: boolean,
  existing: readonly string[],
): void {
  if (!single) {
    if (existing.length === 0) return;
    throw new UserError(
      `${path}: has ${existing.length} file(s) already; choose an empty or new folder`,
      { code: "not-empty", remedies: [{ kind: "option", name: "overwrite" }] },
    );
  }
  const file = existing.find((name) => isCompanion(name, basename(path)));
  if (file === undefined) return;
  throw new UserError(`${join(root, file)}: exists already; choose another name`, {
    code: "already-exists",
    remedies: [{ kind: "option", name: "overwrite" }],
  });
}

/** Whether a name is that of a file or of one of its companions. */
function isCompanion(name: string, file: string): boolean {
  const bare = file.slice(0, file.length - extname(file).length);
  return [file, ...companions.map((ending) => bare + ending)].includes(name);
}

/** Whether a path is that of a format's single file, and not of a folder. */
function isSingleFile(path: string, formats: readonly MaskFormat[]): boolean {
  const ending = extname(path).toLowerCase();
  if (ending !== ".json" && ending !== ".zip") return false;
  const [format, ...more] = formats;
  if (more.length === 0 && extname(formatFiles[format!] ?? "") === ending) return true;
  throw new UserError(
    `${path}: ${formats.join(" and ")} cannot be written as a ${ending} file; name a folder`,
  );
}
