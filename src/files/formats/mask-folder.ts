import type { FileHost } from "../../host/host.ts";
import { validateClasses } from "../../method/images/classes.ts";
import { ignoreIndex, type Image, type LabelMap } from "../../method/images/image.ts";
import { findRegions, type InstanceKind, type Regions } from "../../method/images/regions.ts";
import { freeName, nameKey, safePath } from "../text/file-name.ts";
import { dirname, extname, join, relative } from "../text/path.ts";
import { classesJson } from "./classes-file.ts";
import { openWriter } from "./create.ts";
import { ImageNames } from "./image-names.ts";
import { LostDetails, unknownFile, type LostDetail } from "./lost-details.ts";
import { objectUnit, type MaskFormat } from "./formats.ts";
import { checkFormatOptions, type MaskFolderOptions } from "./mask-folder-options.ts";
import type { FinishedFile } from "./finished-files.ts";
import type { FinishedImage } from "./journal.ts";
import type { Replaced } from "./older-files.ts";
import {
  asKeptFacts,
  checkLabels,
  type KeptFacts,
  type MaskOrigin,
  type WrittenMask,
} from "./mask-origin.ts";
import { MaskPictures } from "./mask-pictures.ts";
import { claimPlace, isSingleFile } from "./output-place.ts";
import type { OutputName } from "./output-names.ts";
import { FileTransaction, removeFile } from "./transaction.ts";
import { UnfinishedJob } from "./unfinished-job.ts";
import type { MaskWriter } from "./writer.ts";

export type { MaskFolderOptions, MaskOrigin, WrittenMask };

/** Formats that have the names of the images in them. */
const namesImages: ReadonlySet<MaskFormat> = new Set(["coco", "labelstudio"]);

/** Prefix with which Label Studio names files of its local storage. */
const localFiles = "/data/local-files/?d=";

/**
 * Masks in a folder, in one format or several: for "voc" as `masks/<name>.png` with VOC's palette, and
 * `overlays/<name>.jpg`. A `classes.json` marks the folder as complete. Every file appears complete or not at all.
 */
export class MaskFolder {
  private readonly names = new Set<string>();
  private readonly imageNames = new ImageNames();
  private readonly pictures: MaskPictures;
  private writers: readonly MaskWriter[] = [];
  private readonly lost = new LostDetails();
  private unfinished: UnfinishedJob | undefined;
  private hasBegun = false;

  private constructor(
    private readonly host: FileHost,
    /** The folder, or the single file of a format that is one file. */
    readonly path: string,
    /** Foreground class names. */
    readonly classes: readonly string[],
    private readonly options: MaskFolderOptions,
    private readonly files: FileTransaction,
    /** Whether the path is that of a single file. */
    readonly single: boolean,
  ) {
    this.pictures = new MaskPictures(host.codec, files, path, options);
  }

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
    const folder = new MaskFolder(host, path, classes, options, files, single);
    try {
      folder.unfinished = await claimPlace(store, { path, single, root }, options);
      await folder.unfinished?.begin();
      // Fails now if the folder cannot be written, not after the first image has been through the network.
      const probe = await store.writeStream(single ? path : join(root, ".probe"));
      await probe.discard();
      await folder.open();
    } catch (error) {
      await folder.stopAfterFailure();
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
    checkLabels(name, labels, this.classes.length);
    const { index } = origin;
    const free = await this.claimName(name, index);
    const kept = index !== undefined && !!(await this.unfinished?.intact(index, free));
    this.lost.takeEntries();
    const fileName = this.fileName(name, free, origin);
    const written = await this.writeFiles({ free, fileName, kept }, labels, image, origin);
    const ledger = this.lost.takeEntries();
    const files = this.files.takeWritten();
    if (index !== undefined && this.unfinished && !kept) {
      const stored = origin.storesLabels ? await this.store(free, labels, written.mask) : [];
      const { thumbnail } = written;
      const { width, height } = labels;
      const facts: KeptFacts = {
        ...(thumbnail && { thumbnail }),
        own: origin.facts ?? null,
        size: [width, height],
        ledger,
      };
      await this.unfinished.add({ index, name: free, files: [...files, ...stored], facts });
    }
    return written;
  }

  /**
   * Takes over an image that an earlier part of the job finished, and returns its files and facts. Formats that are one file get
   * its labels, where they were stored. Undefined if they were not, if it is not finished, or if its files are not as they were written.
   * @param origin understands the facts of the image; undefined if they are not those of this kind of job
   */
  async takeOver(
    name: string,
    origin: (facts: unknown) => MaskOrigin | undefined,
    index: number,
  ): Promise<(WrittenMask & { readonly facts: unknown }) | undefined> {
    const free = await this.claimName(name, index);
    const image = await this.unfinished?.intact(index, free);
    const facts = asKeptFacts(image?.facts);
    const from = facts && origin(facts.own);
    const hasLabels = image?.files.some(({ path }) => path === this.below(this.storedLabels(free)));
    if (!image || !from || !(hasLabels || this.needsNoLabels)) {
      this.names.delete(nameKey(free));
      return undefined;
    }
    const { thumbnail, own, size, ledger } = facts;
    const fileName = this.fileName(name, free, { ...from, index });
    let written: WrittenMask;
    if (this.needsNoLabels) {
      const record = { name: free, fileName, width: size[0], height: size[1] };
      const [mask] = (await Promise.all(this.writers.map((writer) => writer.keep!(record)))).filter(
        (path) => path !== undefined,
      );
      this.lost.repeat(ledger);
      written = { name: free, ...(mask !== undefined && { mask }) };
    } else {
      const labels = await this.host.codec.decodeLabels(this.storedLabels(free));
      const about = { free, fileName, kept: true };
      written = await this.writeFiles(about, labels, undefined, { ...from, index });
    }
    const overlay = join(this.path, "overlays", `${free}.jpg`);
    const hasOverlay = image.files.some(({ path }) => path === `overlays/${free}.jpg`);
    return {
      ...written,
      ...(hasOverlay && { overlay }),
      ...(thumbnail && { thumbnail }),
      facts: own,
    };
  }

  /** Whether finished masks can be taken over without computing or reading them again, also where their labels were not stored. */
  get keepsMasks(): boolean {
    return this.needsNoLabels || this.formats.includes("voc");
  }

  /** Whether finished images can be taken over without their labels: no format is one file. */
  private get needsNoLabels(): boolean {
    return this.writers.every((writer) => writer.keep !== undefined);
  }

  /** Number of images that are finished and kept if the job stops; 0 if it keeps none. */
  get finished(): number {
    return this.unfinished?.finished ?? 0;
  }

  /** The finished images of a job that has settings, with what was kept of each, in the order of the job. */
  finishedImages(): readonly FinishedImage[] {
    return this.unfinished?.finishedImages() ?? [];
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
  private async claimName(name: string, index: number | undefined): Promise<string> {
    const free = this.plannedName(index)?.free ?? freeName(safePath(name), this.names);
    // An earlier job's list would make the folder look complete, and does not describe the new masks.
    if (!this.hasBegun) await removeFile(this.host.store, this.classesFile);
    this.hasBegun = true;
    return free;
  }

  private plannedName(index: number | undefined): OutputName | undefined {
    return index === undefined ? undefined : this.options.nameOf?.(index);
  }

  private async writeFiles(
    { free, fileName, kept }: { free: string; fileName: string; kept: boolean },
    labels: LabelMap,
    image: Image | undefined,
    origin: MaskOrigin,
  ): Promise<WrittenMask> {
    const found = new Map<InstanceKind, Regions>();
    const regions = (kind: InstanceKind): Regions => {
      const known = found.get(kind) ?? findRegions(labels, kind);
      found.set(kind, known);
      return known;
    };
    this.countObjects(free, regions);
    let mask: string | undefined;
    for (const writer of this.writers) {
      const { source, confidence, index } = origin;
      const path = await writer.write({
        ...{ name: free, fileName, labels, regions, kept },
        ...(index !== undefined && { number: index + 1 }),
        ...(source !== undefined && { source }),
        ...(confidence !== undefined && { confidence }),
      });
      mask ??= path;
    }
    const paths = { name: free, ...(mask !== undefined && { mask }) };
    if (!image || this.single) return paths;
    return { ...paths, ...(await this.pictures.write(free, image, labels, mask !== undefined)) };
  }

  /** Keeps a copy of the labels for formats that are one file, unless VOC's own mask serves. */
  private async store(name: string, labels: LabelMap, mask: string | undefined) {
    if (mask !== undefined && this.formats.includes("voc")) return [];
    const data = await this.host.codec.encodeLabels(labels);
    await this.files.write(this.storedLabels(name), data, { durable: false });
    return this.files.takeWritten();
  }

  private storedLabels(name: string): string {
    const [folder, masks] = this.formats.includes("voc")
      ? [this.folderOf("voc"), this.options.layout === "voc2012" ? "SegmentationClass" : "masks"]
      : [UnfinishedJob.folderOf(this), "masks"];
    return join(folder, masks, `${name}.png`);
  }

  /** A path below the folder, as the journal has it. */
  private below(path: string): string {
    return relative(this.single ? dirname(this.path) : this.path, path);
  }

  /** Completes all formats and writes `classes.json`, the sign of a complete folder; returns its path. */
  async finish(): Promise<string> {
    for (const writer of this.writers) await writer.finish();
    await this.files.write(this.classesFile, classesJson(this.classes));
    return this.classesFile;
  }

  /**
   * Ends the job: removes the files of earlier jobs that it replaced, and the state with which it could be continued. The last step
   * of a job that has settings; nothing in others.
   * @param more files that were written besides
   */
  async complete(more: readonly (string | FinishedFile)[] = []): Promise<Replaced> {
    const none: Replaced = { removed: 0, changed: [], others: [] };
    if (!this.unfinished) return none;
    const files: FinishedFile[] = [...this.files.takeWritten()];
    for (const file of more) {
      const info = typeof file === "string" ? await this.host.store.stat(file) : undefined;
      if (typeof file !== "string") files.push(file);
      else if (info) files.push({ path: this.below(file), size: info.size });
    }
    const replaced = await this.unfinished.complete(files);
    this.unfinished = undefined;
    return replaced;
  }

  /** Stops the job: keeps finished images if it can be continued, or else as `discard`. Returns how many are kept. */
  async stop(): Promise<number> {
    const { unfinished, finished } = this;
    if (!unfinished || (unfinished.isVoid && (await unfinished.isOwner()))) {
      await this.discard();
      return 0;
    }
    // A disk that fails may refuse this too; what is finished stays in any case.
    for (const writer of this.writers) await writer.discard().catch(() => undefined);
    await unfinished.leave();
    return finished;
  }

  /** Stops the job after a failure, which is the one to tell if the disk refuses this too. Returns how many are kept. */
  stopAfterFailure(): Promise<number> {
    return this.stop().catch(() => 0);
  }

  /** Removes the files and folders that the job added; files that replaced others stay as they are. */
  async discard(): Promise<void> {
    for (const writer of this.writers) await writer.discard().catch(() => undefined);
    try {
      await this.unfinished?.end();
      this.unfinished = undefined;
    } finally {
      await this.files.rollBack();
    }
  }

  /** Keeps files that are complete by themselves, such as PNGs, and removes unfinished files and thumbnails. */
  async abandon(): Promise<void> {
    for (const writer of this.writers) await writer.discard();
    await this.files.removeAdded(this.pictures.thumbnails);
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

  /** The image's name for other tools. */
  private fileName(name: string, free: string, origin: MaskOrigin): string {
    const { fileName, isAssumed } =
      this.plannedName(origin.index) ?? this.imageNames.take(name, free, origin);
    if (isAssumed && this.formats.some((format) => namesImages.has(format))) {
      this.lost.add(unknownFile.name, free);
    }
    return fileName;
  }
}
