import { join } from "node:path";
import { stringify } from "yaml";
import { ignoreIndex, type LabelMap } from "../../../method/images/image.ts";
import { contours } from "../../../method/images/polygon.ts";
import { findRegions, regionBoxes } from "../../../method/images/regions.ts";
import { writeFileAtomic } from "../../../host/node/files/atomic-file.ts";
import { csvField } from "../../text/csv.ts";
import { GrowingFile } from "../../../host/node/files/growing-file.ts";
import { copyImage } from "../image-copy.ts";
import type { MaskRecord, MaskWriter, WriterOptions } from "../writer.ts";

/** How far, in pixels, an outline may stray from the exact one. */
const tolerance = 0.4;

/** Sizes of the images, for reading the outlines back without them. */
export const sizesFile = "image-sizes.csv";

/** What `data.yaml` of both YOLO layouts begins with. */
export const splitRemark = "# train and val are the same images: split them before you train\n";

/**
 * YOLO segmentation labels: `labels/<name>.txt` with a line for each outline, its class from 0 and its
 * points as shares of width and height; `images/`, `data.yaml`, and the sizes in pixels. Holes belong to
 * their outline by a cut of no width; ignored pixels have no place there.
 */
export class YoloWriter implements MaskWriter {
  private constructor(
    private readonly sizes: GrowingFile,
    private readonly options: WriterOptions,
  ) {}

  static async create(options: WriterOptions): Promise<YoloWriter> {
    const sizes = await GrowingFile.create(join(options.folder, sizesFile));
    await sizes.write("name,width,height\n");
    return new YoloWriter(sizes, options);
  }

  async write(record: MaskRecord): Promise<undefined> {
    const { name, labels } = record;
    const { folder, claim, losses } = this.options;
    const path = join(folder, "labels", `${name}.txt`);
    const lines = outlines(labels);
    if (lines.length > 0) losses.add("outlines are polygons within half a pixel", name);
    if (labels.data.includes(ignoreIndex)) losses.add("ignored pixels became background", name);
    await claim(path);
    await writeFileAtomic(path, lines.map((line) => `${line}\n`).join(""), { durable: false });
    await this.sizes.write(`${csvField(name)},${labels.width},${labels.height}\n`);
    await copyImage(record, this.options);
    return undefined;
  }

  async finish(): Promise<void> {
    const { folder, classes, claim } = this.options;
    const names = Object.fromEntries(classes.entries());
    const path = join(folder, "data.yaml");
    await claim(path);
    const description = stringify({ train: "images", val: "images", names });
    await writeFileAtomic(path, splitRemark + description);
    await claim(this.sizes.path);
    await this.sizes.finish();
  }

  async discard(): Promise<void> {
    await this.sizes.discard();
  }
}

/** Lines of a label file: touching pixels of a class are one outline, large ones first. */
function outlines(map: LabelMap): string[] {
  const { width, height } = map;
  const regions = findRegions(map);
  const share = (value: number, side: number): string => String(Number((value / side).toFixed(7)));
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
      const shares = points.map((value, k) =>
        k % 2 === 0 ? share(value + box.left, width) : share(value + box.top, height),
      );
      return `${label - 1} ${shares.join(" ")}`;
    });
    return { area: w * h, text };
  });
  return lines.sort((a, b) => b.area - a.area).flatMap(({ text }) => text);
}
