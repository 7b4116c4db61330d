import { join } from "node:path";
import { ignoreIndex, type Image } from "../../../method/images/image.ts";
import { vocPalette } from "../../../method/images/classes.ts";
import { findRegions } from "../../../method/images/regions.ts";
import { encodeImage } from "../../../host/node/images/images.ts";
import { formatFiles, ignoredName } from "../formats.ts";
import { GrowingFile } from "../../../host/node/files/growing-file.ts";
import { ZipWriter } from "./zip-writer.ts";
import type { MaskRecord, MaskWriter, WriterOptions } from "../writer.ts";

/** Objects of an image are told apart by the 256 colors of VOC, black for none. */
const mostObjects = 255;

/**
 * CVAT's "Segmentation mask 1.1": a zip with `labelmap.txt`, the list of images, and for each image the
 * classes (`SegmentationClass`) and the objects (`SegmentationObject`) as RGB PNGs in VOC's colors. Ignored
 * pixels have a label of their own in the label map.
 */
export class CvatWriter implements MaskWriter {
  private readonly names: string[] = [];
  private ignored = false;

  private constructor(
    private readonly file: GrowingFile,
    private readonly zip: ZipWriter,
    private readonly options: WriterOptions,
  ) {}

  static async create(options: WriterOptions): Promise<CvatWriter> {
    const file = await GrowingFile.create(options.file ?? join(options.folder, formatFiles.cvat!));
    return new CvatWriter(file, new ZipWriter(file), options);
  }

  async write({ name, labels }: MaskRecord): Promise<undefined> {
    const { classes, instances, losses } = this.options;
    const { width, height, data } = labels;
    let regions = findRegions(labels, instances);
    if (regions.labels.length > mostObjects) {
      losses.add(`more than ${mostObjects} regions are told apart by class only`, name);
      regions = findRegions(labels, "classes");
    }
    if (classes.some((known) => labelMapName(known) !== known)) {
      losses.add("a label map has no colons in class names, nor # before them", name);
    }
    this.ignored ||= regions.labels.includes(ignoreIndex);
    this.names.push(name);
    const size = { width, height };
    const colors = painted(data, size);
    const objects = painted(
      regions.ids.map((id) => id + 1),
      size,
    );
    await this.zip.add(`SegmentationClass/${name}.png`, await encodeImage(colors, "png"));
    await this.zip.add(`SegmentationObject/${name}.png`, await encodeImage(objects, "png"));
    return undefined;
  }

  async finish(): Promise<void> {
    const names = this.names.map((name) => `${name}\n`).join("");
    await this.zip.add("ImageSets/Segmentation/default.txt", Buffer.from(names));
    await this.zip.add("labelmap.txt", Buffer.from(this.labelMap()));
    await this.zip.finish();
    await this.options.claim(this.file.path);
    await this.file.finish();
  }

  async discard(): Promise<void> {
    await this.zip.discard();
    await this.file.discard();
  }

  private labelMap(): string {
    const { classes } = this.options;
    const entries = [
      ["background", 0] as const,
      ...classes.map((name, i) => [name, i + 1] as const),
    ];
    if (this.ignored) entries.push([ignoredName(classes), ignoreIndex]);
    const lines = entries.map(
      ([name, label]) => `${labelMapName(name)}:${vocPalette[label]!.join(",")}::`,
    );
    return `# label:color_rgb:parts:actions\n${lines.join("\n")}\n`;
  }
}

/** Indices as their colors in VOC's palette. */
function painted(
  indices: Uint8Array | Int32Array,
  { width, height }: { width: number; height: number },
): Image {
  const data = new Uint8Array(3 * indices.length);
  for (let i = 0; i < indices.length; i++) {
    const color = vocPalette[indices[i]!]!;
    data[3 * i] = color[0];
    data[3 * i + 1] = color[1];
    data[3 * i + 2] = color[2];
  }
  return { width, height, data };
}

/** A class name as a label map can have it: colons separate its fields, and # begins a remark. */
function labelMapName(name: string): string {
  return name.replaceAll(":", "-").replace(/^#/, "_");
}
