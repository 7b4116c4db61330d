import { stringify } from "yaml";
import type { WriteStream } from "../../../host/store.ts";
import { ignoreIndex, type LabelMap } from "../../../method/images/image.ts";
import { contours } from "../../../method/images/polygon.ts";
import { findRegions, regionBoxes } from "../../../method/images/regions.ts";
import { csvField } from "../../text/csv.ts";
import { join } from "../../text/path.ts";
import { copyImage } from "../image-copy.ts";
import type { MaskRecord, MaskWriter, WriterOptions } from "../writer.ts";

/** Largest distance of a simplified outline from the exact one, in pixels. */
const tolerance = 0.4;

/** The file with the sizes of the images, so that the outlines can be read back without the images. */
export const sizesFile = "image-sizes.csv";

/** First line of `data.yaml` in both YOLO layouts. */
export const splitRemark = "# train and val are the same images: split them before you train\n";

/**
 * YOLO segmentation labels: `labels/<name>.txt` with a line for each outline, its class from 0 and its points as
 * fractions of width and height; `images/`, `data.yaml`, and the sizes in pixels. A hole is joined to the outline
 * around it by a cut of zero width. Ignored pixels become background.
 */
export class YoloWriter implements MaskWriter {
  private constructor(
    private readonly sizes: WriteStream,
    private readonly options: WriterOptions,
  ) {}

  static async create(options: WriterOptions): Promise<YoloWriter> {
    const sizes = await options.files.writeStream(join(options.folder, sizesFile));
    await sizes.write("name,width,height\n");
    return new YoloWriter(sizes, options);
  }

  async write(record: MaskRecord): Promise<undefined> {
    const { name, labels } = record;
    const { folder, files, losses } = this.options;
    const path = join(folder, "labels", `${name}.txt`);
    const lines = outlines(labels);
    if (lines.length > 0) losses.add("outlines are polygons within half a pixel", name);
    if (labels.data.includes(ignoreIndex)) losses.add("ignored pixels became background", name);
    if (record.kept !== true) {
      await files.write(path, lines.map((line) => `${line}\n`).join(""), { durable: false });
    }
    await this.sizes.write(`${csvField(name)},${labels.width},${labels.height}\n`);
    await copyImage(record, this.options);
  }

  async finish(): Promise<void> {
    const { folder, classes, files } = this.options;
    const names = Object.fromEntries(classes.entries());
    const description = stringify({ train: "images", val: "images", names });
    await files.write(join(folder, "data.yaml"), splitRemark + description);
    await this.sizes.finish();
  }

  async discard(): Promise<void> {
    await this.sizes.discard();
  }
}

/** Lines of a label file, largest regions first; a region is the touching pixels of one class. */
function outlines(map: LabelMap): string[] {
  const { width, height } = map;
  const regions = findRegions(map);
  const fraction = (value: number, side: number): string =>
    String(Number((value / side).toFixed(7)));
  const lines = regionBoxes(regions).map((box, id) => {
    const label = regions.labels[id]!;
    if (label === ignoreIndex) return { area: 0, text: [] };
    const [w, h] = [box.right - box.left + 1, box.bottom - box.top + 1];
    const mask = new Uint8Array(w * h);
    for (let y = 0; y < h; y++) {
      for (let x = 0; x < w; x++) {
        mask[y * w + x] = regions.ids[(y + box.top) * width + x + box.left] === id ? 1 : 0;
      }
    }
    const text = contours(mask, w, h, { tolerance }).map((points) => {
      const fractions = points.map((value, k) =>
        k % 2 === 0 ? fraction(value + box.left, width) : fraction(value + box.top, height),
      );
      return `${label - 1} ${fractions.join(" ")}`;
    });
    return { area: w * h, text };
  });
  return lines.sort((a, b) => b.area - a.area).flatMap(({ text }) => text);
}
