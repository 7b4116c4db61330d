import { ignoreIndex } from "../../../method/images/image.ts";
import {
  compressCounts,
  regionCounts,
  rleArea,
  rleBox,
} from "../../../method/images/run-lengths.ts";
import type { WriteStream } from "../../../host/store.ts";
import { join } from "../../text/path.ts";
import { formatFiles } from "../formats.ts";
import { regionOutlines } from "../region-outlines.ts";
import type { MaskRecord, MaskWriter, WriterOptions } from "../writer.ts";
import { cocoHead, cocoMiddle, cocoTail, ignoredId } from "./file-text.ts";

/**
 * COCO instances JSON. A category's id is the label of its class; an object is compressed RLE or polygons, as asked.
 * Ignored pixels become a crowd region (`iscrowd` 1) of a category of their own, so that readers which do not look at
 * `iscrowd` do not take them for an object of a class. With polygons its run lengths are a list, as in COCO's own files.
 * Annotations are written immediately, the list of images at the end of the file.
 */
export class CocoWriter implements MaskWriter {
  private readonly images: string[] = [];
  private annotations = 0;
  private ignored = false;

  private constructor(
    private readonly file: WriteStream,
    private readonly options: WriterOptions,
  ) {}

  static async create(options: WriterOptions): Promise<CocoWriter> {
    const path = options.file ?? join(options.folder, formatFiles.coco!);
    const file = await options.files.writeStream(path);
    await file.write(cocoHead);
    return new CocoWriter(file, options);
  }

  async write({
    name,
    fileName,
    number,
    labels,
    regions: regionsOf,
  }: MaskRecord): Promise<undefined> {
    const { width, height } = labels;
    const image = number ?? this.images.length + 1;
    this.images.push(JSON.stringify({ id: image, file_name: fileName, width, height }));
    const regions = regionsOf(this.options.instances);
    const counts = regionCounts(regions.ids, { count: regions.labels.length, width, height });
    const outlines = this.options.shapes === "polygon" ? regionOutlines(regions) : undefined;
    for (const [k, label] of regions.labels.entries()) {
      const crowd = label === ignoreIndex;
      this.ignored ||= crowd;
      const size = [height, width];
      const id = ++this.annotations;
      const text = JSON.stringify({
        id,
        image_id: image,
        category_id: crowd ? ignoredId(this.options.classes) : label,
        segmentation: !outlines
          ? { size, counts: compressCounts(counts[k]!) }
          : crowd
            ? { size, counts: counts[k]! }
            : outlines[k]!.map(({ points }) => points.map((value) => Number(value.toFixed(2)))),
        area: rleArea(counts[k]!),
        bbox: rleBox(counts[k]!, height),
        iscrowd: crowd ? 1 : 0,
      });
      await this.file.write(`${id === 1 ? "" : ","}\n${text}`);
      if (!crowd) this.options.losses.shown(name, 1);
    }
  }

  async finish(): Promise<void> {
    await this.file.write(cocoMiddle);
    for (const [i, image] of this.images.entries()) {
      await this.file.write(`${i === 0 ? "" : ","}\n${image}`);
    }
    await this.file.write(cocoTail(this.options.classes, this.ignored));
    await this.file.finish();
  }

  async discard(): Promise<void> {
    await this.file.discard();
  }
}
