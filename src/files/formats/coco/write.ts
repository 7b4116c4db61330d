import { ignoreIndex } from "../../../method/images/image.ts";
import {
  compressCounts,
  regionCounts,
  rleArea,
  rleBox,
} from "../../../method/images/run-lengths.ts";
import { findRegions } from "../../../method/images/regions.ts";
import type { WriteStream } from "../../../host/store.ts";
import { join } from "../../text/path.ts";
import { formatFiles } from "../formats.ts";
import type { MaskRecord, MaskWriter, WriterOptions } from "../writer.ts";

/**
 * COCO instances JSON. A category's id is the label of its class; a mask is compressed RLE. Ignored pixels become a
 * crowd region (`iscrowd` 1, which evaluation skips) of each class in the image, or of the first class where the image
 * has none. Annotations are written immediately, the list of images at the end of the file.
 */
export class CocoWriter implements MaskWriter {
  private readonly images: string[] = [];
  private annotations = 0;

  private constructor(
    private readonly file: WriteStream,
    private readonly options: WriterOptions,
  ) {}

  static async create(options: WriterOptions): Promise<CocoWriter> {
    const path = options.file ?? join(options.folder, formatFiles.coco!);
    const file = await options.files.writeStream(path);
    await file.write(
      '{"info": {"description": "masks by tag2mask"}, "licenses": [],\n"annotations": [',
    );
    return new CocoWriter(file, options);
  }

  async write({ name, fileName, labels }: MaskRecord): Promise<undefined> {
    const { width, height } = labels;
    const image = this.images.length + 1;
    this.images.push(JSON.stringify({ id: image, file_name: fileName, width, height }));
    const regions = findRegions(labels, this.options.instances);
    const counts = regionCounts(regions.ids, { count: regions.labels.length, width, height });
    const present = [...new Set(regions.labels)].filter((label) => label !== ignoreIndex);
    for (const [k, label] of regions.labels.entries()) {
      const crowd = label === ignoreIndex;
      const categories = !crowd
        ? [label]
        : present.length > 0
          ? present.sort((a, b) => a - b)
          : [1];
      const shape = {
        segmentation: { size: [height, width], counts: compressCounts(counts[k]!) },
        area: rleArea(counts[k]!),
        bbox: rleBox(counts[k]!, height),
        iscrowd: crowd ? 1 : 0,
      };
      if (!crowd) this.options.losses.shown(name, 1);
      for (const category of categories) {
        const id = ++this.annotations;
        const text = JSON.stringify({ id, image_id: image, category_id: category, ...shape });
        await this.file.write(`${id === 1 ? "" : ","}\n${text}`);
      }
    }
  }

  async finish(): Promise<void> {
    await this.file.write('\n],\n"images": [');
    for (const [i, image] of this.images.entries()) {
      await this.file.write(`${i === 0 ? "" : ","}\n${image}`);
    }
    const categories = this.options.classes.map((name, i) =>
      JSON.stringify({ id: i + 1, name, supercategory: "" }),
    );
    await this.file.write(`\n],\n"categories": [\n${categories.join(",\n")}\n]}\n`);
    await this.file.finish();
  }

  async discard(): Promise<void> {
    await this.file.discard();
  }
}
