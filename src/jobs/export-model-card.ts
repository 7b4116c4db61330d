import { modelCard, type TrainingFacts } from "../files/export/model-card.ts";
import { summarizeScores } from "../files/run/best-scores.ts";
import { readLog } from "../files/run/log.ts";
import { readStoredConfig, readYaml } from "../files/run/settings.ts";
import { isFile } from "../files/text/folders.ts";
import { join } from "../files/text/path.ts";
import { UserError } from "../user-error.ts";
import type { JobOptions } from "./events.ts";
import { exportModel, type ExportEvent, type ExportHost, type ExportOptions } from "./export.ts";
import { openAnyModel } from "./open-exported-model.ts";

export interface ModelExportJob {
  /** Folder of the run. */
  readonly run: string;
  readonly format: "onnx" | "transformersjs";
  readonly precision: NonNullable<ExportOptions["precision"]>;
  /** Folder to write, which must be new. */
  readonly out: string;
  /** Images with tags, and how many of them have each class, by its name. */
  readonly images: number;
  readonly perClass: Readonly<Record<string, number>>;
}

/** Writes the model of a run for others into a folder of its own, with a model card. */
export async function* exportModelWithCard(
  host: ExportHost,
  { run, format, precision, out, images, perClass }: ModelExportJob,
  options: JobOptions = {},
): AsyncGenerator<ExportEvent, void> {
  const { store } = host;
  const model = await openAnyModel(store, run);
  if (model.network === null) throw new UserError(`${run}: is an exported model, not a run`);
  const path = format === "onnx" ? join(out, "model.onnx") : out;
  for await (const event of exportModel(host, model, {
    ...options,
    format,
    precision,
    out: path,
  })) {
    if (event.type !== "exported") {
      yield event;
      continue;
    }
    const training: TrainingFacts = {
      images,
      perClass: model.classes.map((name) => perClass[name] ?? 0),
      ...(await masksOf(host, run)),
    };
    const scores = summarizeScores(await readLog(store, join(run, "log.jsonl")));
    const { difference } = event.exported;
    const facts = { format, precision, version: host.version, difference, training, scores };
    const card = join(out, "README.md");
    const data = modelCard(model, facts);
    await store.write([{ path: card, data }]);
    const files = event.exported.files.filter(({ file }) => file !== card);
    const bytes = new TextEncoder().encode(data).length;
    yield { ...event, exported: { ...event.exported, files: [...files, { file: card, bytes }] } };
  }
}

/** The masks that a run was trained on. */
async function masksOf(
  { store }: ExportHost,
  run: string,
): Promise<Pick<TrainingFacts, "masks" | "corrections">> {
  const path = join(run, "config.yaml");
  if (!(await isFile(store, path))) return { masks: 0, corrections: 0 };
  const { origin } = readStoredConfig(path, await readYaml(store, path));
  return { masks: origin.masks?.count ?? 0, corrections: origin.masks?.corrections ?? 0 };
}
