import { ignoreIndex } from "../../../method/images/image.ts";
import type { WriteStream } from "../../../host/store.ts";
import { join } from "../../text/path.ts";
import { brushResults } from "./brush-results.ts";
import { formatFiles } from "../formats.ts";
import type { MaskRecord, MaskWriter, WriterOptions } from "../writer.ts";
import {
  configurationFile,
  control,
  labelingConfiguration,
  labelNames,
  object,
  tasksHead,
  tasksTail,
} from "./file-text.ts";

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
    await file.write(tasksHead);
    return new LabelStudioWriter(file, options);
  }

  async write({
    name,
    fileName,
    number,
    labels,
    regions: regionsOf,
    confidence,
  }: MaskRecord): Promise<undefined> {
    const { width, height } = labels;
    const regions = regionsOf(this.options.instances);
    for (const label of regions.labels) {
      if (label === ignoreIndex) this.ignored = true;
      else this.options.losses.shown(name, 1);
    }
    const names = labelNames(this.options.classes);
    const isFirst = this.tasks++ === 0;
    const results = brushResults(regions, {
      ...{ task: number ?? this.tasks, from: control, to: object },
      nameOf: (label) => names.get(label),
    });
    const url = this.options.imageUrl + fileName.split("/").map(encodeURIComponent).join("/");
    const data = JSON.stringify({ image: url, width, height });
    const score = confidence === undefined ? "" : `"score":${Number(confidence.toFixed(4))},`;
    const prediction = `{"model_version":"tag2mask",${score}"result":[${results.join(",\n")}]}`;
    await this.file.write(`${isFirst ? "" : ","}\n{"data":${data},"predictions":[${prediction}]}`);
  }

  async finish(): Promise<void> {
    await this.file.write(tasksTail);
    const { classes, files } = this.options;
    const configuration = labelingConfiguration(classes, this.ignored);
    await files.write(configurationFile(this.file.path), configuration);
    await this.file.finish();
  }

  async discard(): Promise<void> {
    await this.file.discard();
  }
}
