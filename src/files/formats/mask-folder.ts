import type { FileHost } from "../../host/host.ts";
import { validateClasses } from "../../method/images/classes.ts";
import { ignoreIndex, type Image, type LabelMap } from "../../method/images/image.ts";
import { findRegions, type InstanceKind, type Regions } from "../../method/images/regions.ts";
import { paintScaledLabels } from "../../method/images/overlay.ts";
import { shrinkImage } from "../../method/images/shrink-large.ts";
import { freeName, safePath } from "../text/file-name.ts";
import { basename, dirname, extname, join } from "../text/path.ts";
import { classesJson } from "./classes-file.ts";
import { openWriter } from "./create.ts";
import { LostDetails, type LostDetail } from "./lost-details.ts";
import { objectUnit, type MaskFormat } from "./formats.ts";
import { checkFormatOptions, type MaskFolderOptions } from "./mask-folder-options.ts";
import { checkVacant, isSingleFile, stoppedJob } from "./output-place.ts";
import { FileTransaction, removeFile } from "./transaction.ts";
import { sweepTemporary, UnfinishedJob } from "./unfinished-job.ts";
import {
  isThumbnail,
  thumbnailFolder,
  thumbnailSide,
  type MaskWriter,
  type ThumbnailFile,
} from "./writer.ts";

export type { MaskFolderOptions };

/** Facts about the image of a mask. */
export interface MaskOrigin {
  /** The image file. */
  readonly source?: string;
  /** The image's name for other tools, if it is not the mask's name with the ending of the file. */
  readonly fileName?: string;
  /** Confidence of the mask, 0..1. */
  readonly confidence?: number;
  /** Number of the image among those of the job, from 0; needed to continue a job. */
  readonly index?: number;
  /** Facts about the image that a job that continues this one is to get back, as JSON can hold them. */
  readonly facts?: unknown;
}

/** Paths of the files written for one image. */
export interface WrittenMask {
  /** The mask's own PNG, in formats that have one. */
  readonly mask?: string;
  readonly overlay?: string;
  /** A small version of the overlay, if there will be a contact sheet. */
  readonly thumbnail?: ThumbnailFile;
}

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
  private unfinished: UnfinishedJob | undefined;

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
    const state = UnfinishedJob.folderOf(path, single);
    const stopped = await stoppedJob(host, path, state, options);
    if (options.overwrite !== true && !stopped) checkVacant(path, root, single, existing);
    const folder = new MaskFolder(host, path, classes, options, files, single);
    try {
      if (stopped) {
        // A job that was killed could not remove what it was writing.
        await sweepTemporary(store, root, single ? `.${basename(path)}.` : undefined);
        folder.unfinished = await UnfinishedJob.resume(store, state, root);
      }
      if (options.overwrite === true) await UnfinishedJob.remove(store, state, root);
      // Fails now if the folder cannot be written, not after the first image has been through the network.
      const probe = await store.writeStream(join(root, ".probe"));
      await probe.discard();
      await folder.open();
      const { settings } = options;
      if (settings) folder.unfinished ??= await UnfinishedJob.begin(store, state, root, settings);
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
    const { index } = origin;
    const free = await this.claimName(name);
    const kept = index !== undefined && !!(await this.unfinished?.intact(index, free));
    const written = await this.writeFiles({ name, free, kept }, labels, image, origin);
    const files = this.files.takeWritten();
    if (index !== undefined && this.unfinished && !kept) {
      // Where no network is needed, the masks of formats that are one file are read again instead.
      const stored = origin.facts === undefined ? [] : await this.store(free, labels, written.mask);
      const { thumbnail } = written;
      const facts = { ...(thumbnail && { thumbnail }), own: origin.facts ?? null };
      await this.unfinished.add({ index, name: free, files: [...files, ...stored], facts });
    }
    return written;
  }

  /**
   * Takes over an image that an earlier part of the job finished: gives its mask to the formats that are one file, and
   * returns its files and facts. Undefined if it is not finished, or its files are not as they were written.
   * @param origin understands the facts of the image; undefined if they are not those of this kind of job
   */
  async takeOver(
    name: string,
    origin: (facts: unknown) => MaskOrigin | undefined,
    index: number,
  ): Promise<(WrittenMask & { readonly facts: unknown }) | undefined> {
    const free = await this.claimName(name);
    const image = await this.unfinished?.intact(index, free);
    const { thumbnail, own } = (image?.facts ?? {}) as { thumbnail?: ThumbnailFile; own: unknown };
    const from = origin(own);
    if (!image || !from || (thumbnail && !isThumbnail(thumbnail))) {
      this.names.delete(free.toLowerCase());
      return undefined;
    }
    const labels = await this.host.codec.decodeLabels(this.storedLabels(free));
    const written = await this.writeFiles({ name, free, kept: true }, labels, undefined, from);
    const overlay = join(this.path, "overlays", `${free}.jpg`);
    const hasOverlay = image.files.some(({ path }) => path === `overlays/${free}.jpg`);
    return {
      ...written,
      ...(hasOverlay && { overlay }),
      ...(thumbnail && { thumbnail }),
      facts: own,
    };
  }

  /** Number of images that are finished and kept if the job stops; 0 if it keeps none. */
  get finished(): number {
    return this.unfinished?.finished ?? 0;
  }

  /** Whether an earlier part of the job finished an image; `takeOver` tells whether its files are still whole. */
  hasFinished(index: number): boolean {
    return this.unfinished?.has(index) ?? false;
  }

  /** Whether the job has settings by which another can continue it. */
  get canContinue(): boolean {
    return this.options.settings !== undefined;
  }

  /** A name for the files of an image that no other image has. */
  private async claimName(name: string): Promise<string> {
    const isFirst = this.names.size === 0;
    const free = freeName(safePath(name), this.names);
    // An earlier job's list would make the folder look complete, and does not describe the new masks.
    if (isFirst) await removeFile(this.host.store, this.classesFile);
    return free;
  }

  private async writeFiles(
    { name, free, kept }: { name: string; free: string; kept: boolean },
    labels: LabelMap,
    image: Image | undefined,
    origin: MaskOrigin,
  ): Promise<WrittenMask> {
    const fileName = this.fileName(name, free, origin);
    const found = new Map<InstanceKind, Regions>();
    const regions = (kind: InstanceKind): Regions => {
      const known = found.get(kind) ?? findRegions(labels, kind);
      found.set(kind, known);
      return known;
    };
    this.countObjects(free, regions);
    let mask: string | undefined;
    for (const writer of this.writers) {
      const { source, confidence } = origin;
      const path = await writer.write({
        ...{ name: free, fileName, labels, regions, kept },
        ...(source !== undefined && { source }),
        ...(confidence !== undefined && { confidence }),
      });
      mask ??= path;
    }
    const paths = mask === undefined ? {} : { mask };
    if (!image || this.single) return paths;
    const wantsThumbnail = this.options.sheet === true;
    if (this.options.overlays === false) {
      if (!wantsThumbnail || mask === undefined) return paths;
      const small = shrinkImage(image, thumbnailSide);
      return {
        ...paths,
        thumbnail: await this.writeThumbnail(free, paintScaledLabels(small, labels)),
      };
    }
    const overlay = join(this.path, "overlays", `${free}.jpg`);
    const picture = paintScaledLabels(image, labels);
    const [thumbnail] = await Promise.all([
      wantsThumbnail ? this.writeThumbnail(free, picture) : undefined,
      this.writeOverlay(overlay, picture),
    ]);
    return { ...paths, overlay, ...(thumbnail && { thumbnail }) };
  }

  /** Keeps a copy of the labels for formats that are one file, unless VOC's own mask serves. */
  private async store(name: string, labels: LabelMap, mask: string | undefined) {
    if (mask !== undefined && this.formats.includes("voc")) return [];
    const data = await this.host.codec.encodeLabels(labels);
    await this.files.write(this.storedLabels(name), data, { durable: false });
    return this.files.takeWritten();
  }

  private storedLabels(name: string): string {
    const folder = this.formats.includes("voc") ? this.folderOf("voc") : this.unfinished!.folder;
    return join(folder, "masks", `${name}.png`);
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

  /** Removes the state with which the job could be continued; the last step of a job that has settings. */
  async complete(): Promise<void> {
    await this.unfinished?.end();
    this.unfinished = undefined;
  }

  /** Stops the job: keeps finished images if it can be continued, or else as `discard`. Returns how many are kept. */
  async stop(): Promise<number> {
    const finished = this.finished;
    if (finished === 0) {
      await this.discard();
      return 0;
    }
    // A disk that fails may refuse this too; what is finished stays in any case.
    for (const writer of this.writers) await writer.discard().catch(() => undefined);
    await this.unfinished!.leave();
    return finished;
  }

  /** Removes the files and folders that the job added; files that replaced others stay as they are. */
  async discard(): Promise<void> {
    for (const writer of this.writers) await writer.discard();
    await this.complete();
    await this.files.rollBack();
  }

  /** Keeps files that are complete by themselves, such as PNGs, and removes unfinished files and thumbnails. */
  async abandon(): Promise<void> {
    for (const writer of this.writers) await writer.discard();
    await this.files.removeAdded(this.thumbnails.splice(0));
  }

  /** Enters the objects of a mask into the ledger, for each format that stores objects and enters those it wrote. */
  private countObjects(name: string, regionsOf: (kind: InstanceKind) => Regions): void {
    const units = this.formats.flatMap((format) => objectUnit(format, this.instances) ?? []);
    for (const unit of new Set(units)) {
      const regions = regionsOf(unit).labels.filter((label) => label !== ignoreIndex);
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
