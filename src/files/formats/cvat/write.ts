import { vocPalette } from "../../../method/images/classes.ts";
import { ignoreIndex, type Image } from "../../../method/images/image.ts";
import type { ImageCodec } from "../../../host/codec.ts";
import type { WriteStream } from "../../../host/store.ts";
import { join } from "../../text/path.ts";
import { formatFiles } from "../formats.ts";
import { ZipWriter } from "./zip-writer.ts";
import type { MaskRecord, MaskWriter, WriterOptions } from "../writer.ts";
import { imageList, labelMap, labelMapFile, labelMapName, picturesOf } from "./file-text.ts";

/** Most objects of an image: each has one of the 256 colors of VOC, and black means none. */
const mostObjects = 255;

const encoder = new TextEncoder();

/**
 * CVAT's "Segmentation mask 1.1": a zip with `labelmap.txt`, the list of images, and for each image its classes
 * (`SegmentationClass`) and its objects (`SegmentationObject`) as RGB PNGs in VOC's colors. Ignored pixels have a label
 * of their own in the label map.
 */
export class CvatWriter implements MaskWriter {
  private readonly names: string[] = [];
  private ignored = false;

  private constructor(
    private readonly codec: ImageCodec,
    private readonly file: WriteStream,
    private readonly zip: ZipWriter,
    private readonly options: WriterOptions,
  ) {}

  static async create(codec: ImageCodec, options: WriterOptions): Promise<CvatWriter> {
    const path = options.file ?? join(options.folder, formatFiles.cvat!);
    const file = await options.files.writeStream(path);
    return new CvatWriter(codec, file, new ZipWriter(file), options);
  }

  async write({ name, labels, regions: regionsOf }: MaskRecord): Promise<undefined> {
    const { classes, instances, losses } = this.options;
    const { width, height, data } = labels;
    let regions = regionsOf(instances);
    if (regions.labels.length > mostObjects) {
      losses.add(`more than ${mostObjects} regions are told apart by class only`, name);
      regions = regionsOf("classes");
    }
    if (classes.some((className) => labelMapName(className) !== className)) {
      losses.add(
        "class names lost their colons or a leading #, which a label map cannot hold",
        name,
      );
    }
    this.ignored ||= regions.labels.includes(ignoreIndex);
    this.names.push(name);
    const size = { width, height };
    const colors = paintIndices(data, size);
    const objects = paintIndices(
      regions.ids.map((id) => id + 1),
      size,
    );
    const [ofClasses, ofObjects] = picturesOf(name);
    await this.zip.add(ofClasses, await this.codec.encode(colors, "png"));
    await this.zip.add(ofObjects, await this.codec.encode(objects, "png"));
  }

  async finish(): Promise<void> {
    const names = this.names.map((name) => `${name}\n`).join("");
    await this.zip.add(imageList, encoder.encode(names));
    const map = labelMap(this.options.classes, this.ignored);
    await this.zip.add(labelMapFile, encoder.encode(map));
    await this.zip.finish();
    await this.file.finish();
  }

  async discard(): Promise<void> {
    await this.zip.discard();
    await this.file.discard();
  }
}

/** An image of indices in the colors of VOC's palette. */
function paintIndices(
  indices: Uint8Array | Int16Array | Int32Array,
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
