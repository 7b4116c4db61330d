import { vocPalette } from "../../../method/images/classes.ts";
import { ignoreIndex } from "../../../method/images/image.ts";
import { regionCounts } from "../../../method/images/run-lengths.ts";
import type { WriteStream } from "../../../host/store.ts";
import { extname, join } from "../../text/path.ts";
import { encodeBrush } from "./brush.ts";
import { formatFiles, ignoredName } from "../formats.ts";
import { hexColor, overlayColor } from "../../../method/images/overlay.ts";
import type { MaskRecord, MaskWriter, WriterOptions } from "../writer.ts";

/** Names of the two tags of the labeling configuration that results refer to. */
const control = "mask";
const object = "image";

/**
 * Label Studio tasks with predictions: a brush label for each object. The labeling configuration that they need is a
 * file of the same name that ends in `.xml`. Ignored pixels have a label of their own.
 */
export class LabelStudioWriter implements MaskWriter {
  private tasks = 0;
  private ignored = false;

  private constructor(
    private readonly file: WriteStream,
    private readonly options: WriterOptions,
  ) {}

  static async create(options: WriterOptions): Promise<LabelStudioWriter> {
    const path = options.file ?? join(options.folder, formatFiles.labelstudio!);
    const file = await options.files.writeStream(path);
    await file.write("[");
    return new LabelStudioWriter(file, options);
  }

  async write({
    name,
    fileName,
    labels,
    regions: regionsOf,
    confidence,
  }: MaskRecord): Promise<undefined> {
    const { width, height } = labels;
    const regions = regionsOf(this.options.instances);
    const size = { count: regions.labels.length, width, height, along: "rows" } as const;
    const counts = regionCounts(regions.ids, size);
    this.ignored ||= regions.labels.includes(ignoreIndex);
    const names = this.names();
    const task = ++this.tasks;
    // The lists of bytes are long; joining them is faster than JSON.stringify.
    const results = regions.labels.map((label, k) => {
      if (label !== ignoreIndex) this.options.losses.shown(name, 1);
      const head = {
        id: `${task}-${k + 1}`,
        from_name: control,
        to_name: object,
        type: "brushlabels",
        original_width: width,
        original_height: height,
        image_rotation: 0,
      };
      const value = `{"format":"rle","brushlabels":[${JSON.stringify(names.get(label))}],"rle":[${encodeBrush(counts[k]!).join(",")}]}`;
      return `${JSON.stringify(head).slice(0, -1)},"value":${value}}`;
    });
    const url = this.options.imageUrl + fileName.split("/").map(encodeURIComponent).join("/");
    const data = JSON.stringify({ image: url, width, height });
    const score = confidence === undefined ? "" : `"score":${Number(confidence.toFixed(4))},`;
    const prediction = `{"model_version":"tag2mask",${score}"result":[${results.join(",\n")}]}`;
    await this.file.write(
      `${task === 1 ? "" : ","}\n{"data":${data},"predictions":[${prediction}]}`,
    );
  }

  async finish(): Promise<void> {
    await this.file.write("\n]\n");
    const { path } = this.file;
    const configuration = `${path.slice(0, path.length - extname(path).length)}.xml`;
    await this.options.files.write(configuration, this.configuration());
    await this.file.finish();
  }

  async discard(): Promise<void> {
    await this.file.discard();
  }

  /** The name of each label. */
  private names(): ReadonlyMap<number, string> {
    const { classes } = this.options;
    const names = new Map(classes.map((name, i) => [i + 1, name]));
    return names.set(ignoreIndex, ignoredName(classes));
  }

  private configuration(): string {
    const labels = [...this.names()]
      .filter(([label]) => label !== ignoreIndex || this.ignored)
      .map(([label, name]) => {
        const color = label === ignoreIndex ? vocPalette[ignoreIndex]! : overlayColor(label);
        return `    <Label value="${escapeXml(name)}" background="${hexColor(color)}"/>`;
      });
    return `${[
      "<View>",
      `  <Image name="${object}" value="$image" zoom="true"/>`,
      `  <BrushLabels name="${control}" toName="${object}">`,
      ...labels,
      "  </BrushLabels>",
      "</View>",
    ].join("\n")}\n`;
  }
}

function escapeXml(text: string): string {
  const entities: Readonly<Record<string, string>> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" }; // prettier-ignore
  return text.replace(/[&<>"]/g, (letter) => entities[letter]!);
}
