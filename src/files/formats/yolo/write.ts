import type { WriteStream } from "../../../host/store.ts";
import { ignoreIndex } from "../../../method/images/image.ts";
import type { Regions } from "../../../method/images/regions.ts";
import { csvField } from "../../text/csv.ts";
import { join } from "../../text/path.ts";
import { yamlOf } from "../../text/yaml.ts";
import { copyImage } from "../image-copy.ts";
import { regionOutlines } from "../region-outlines.ts";
import type { KeptRecord, MaskRecord, MaskWriter, WriterOptions } from "../writer.ts";

/** The file with the sizes of the images, so that the outlines can be read back without the images. */
export const sizesFile = "image-sizes.csv";

/** The first line of that file. */
export const sizesHead = "name,width,height\n";

/** The file with the classes in both YOLO layouts. */
export const dataFile = "data.yaml";

/**
 * The text of `data.yaml` in both YOLO layouts. Names are a list, because some readers sort the keys of a map as texts: "10"
 * before "2".
 */
export async function dataYaml(
  names: readonly string[],
  more: Readonly<Record<string, string>> = {},
): Promise<string> {
  const description = await yamlOf({ train: "images", val: "images", ...more, names });
  return `# train and val are the same images: split them before you train\n${description}`;
}

/**
 * YOLO segmentation labels: `labels/<name>.txt` with a line for each outline, its class from 0 and its points as
 * fractions of width and height; `images/`, `data.yaml`, and the sizes in pixels. Ignored pixels become background.
 */
export class YoloWriter implements MaskWriter {
  private constructor(
    private readonly sizes: WriteStream,
    private readonly options: WriterOptions,
  ) {}

  static async create(options: WriterOptions): Promise<YoloWriter> {
    const sizes = await options.files.writeStream(join(options.folder, sizesFile));
    await sizes.write(sizesHead);
    return new YoloWriter(sizes, options);
  }

  async write(record: MaskRecord): Promise<undefined> {
    const { name, labels } = record;
    const { folder, files, losses } = this.options;
    const path = join(folder, "labels", `${name}.txt`);
    const { lines, regions } = outlineLines(record.regions("regions"));
    losses.shown(name, regions);
    if (labels.data.includes(ignoreIndex)) losses.add("ignored pixels became background", name);
    if (record.kept !== true) {
      await files.write(path, lines.map((line) => `${line}\n`).join(""), { durable: false });
    }
    await this.writeSize(name, labels);
    await copyImage(record, this.options);
  }

  async keep({ name, ...size }: KeptRecord): Promise<undefined> {
    await this.writeSize(name, size);
  }

  private async writeSize(
    name: string,
    { width, height }: { readonly width: number; readonly height: number },
  ): Promise<void> {
    await this.sizes.write(`${csvField(name)},${width},${height}\n`);
  }

  async finish(): Promise<void> {
    const { folder, classes, files } = this.options;
    await files.write(join(folder, dataFile), await dataYaml(classes));
    await this.sizes.finish();
  }

  async discard(): Promise<void> {
    await this.sizes.discard();
  }
}

/** Lines of a label file, largest regions first, and the number of regions in them: touching pixels of one class. */
function outlineLines(regions: Regions): { lines: string[]; regions: number } {
  const [shareOfWidth, shareOfHeight] = [shares(regions.width), shares(regions.height)];
  const drawn = regionOutlines(regions)
    .map((outlines, id) => ({ outlines, label: regions.labels[id]! }))
    .filter(({ outlines, label }) => label !== ignoreIndex && outlines.length > 0);
  const lines = drawn
    .flatMap(({ outlines, label }) => outlines.map((outline) => ({ ...outline, label })))
    .sort((a, b) => b.boxArea - a.boxArea)
    .map(({ label, points }) => {
      const fractions = points.map((value, k) =>
        k % 2 === 0 ? shareOfWidth(value) : shareOfHeight(value),
      );
      return `${label - 1} ${fractions.join(" ")}`;
    });
  return { lines, regions: drawn.length };
}

/** Writes coordinates as shares of a side, with as many digits as a hundredth of a pixel needs. */
function shares(side: number): (value: number) => string {
  const digits = Math.ceil(Math.log10(100 * side));
  return (value) => String(Number((value / side).toFixed(digits)));
}
