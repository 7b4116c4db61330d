import type { ImageCodec } from "../../host/codec.ts";
import type { FileHost } from "../../host/host.ts";
import type { Image } from "../../method/images/image.ts";
import { UserError } from "../../user-error.ts";
import { basename, join } from "../text/path.ts";
import type { StageExample, StageScores } from "../../method/eval/stages.ts";
import { readLog, type StoredPanel } from "../run/log.ts";
import { tileGap } from "../run/panel-picture.ts";
import type { ReportData, ReportPanel } from "./training-data.ts";
import { paintExample } from "./step-gains.ts";
import { renderReport } from "./training-page.ts";
import { bestValidation } from "../run/best-scores.ts";

/** Facts for the report that the run folder does not hold. */
export type ReportInfo = Pick<
  ReportData,
  "title" | "dataset" | "config" | "command" | "resumedBy" | "versions"
> & {
  /** Scores for the top of the page, instead of those of the best validation. */
  readonly scores?: ReportData["scores"];
  /** Scores after every step of the method, and images to show them on. */
  readonly stages?: { readonly scores: StageScores; readonly examples: readonly StageExample[] };
  readonly initialWeights?: ReportData["initialWeights"];
};

/** Writes report.html into a run folder, from its log and samples; returns its path. */
export async function writeReport(
  { store, codec }: FileHost,
  folder: string,
  info: ReportInfo,
): Promise<string> {
  const entries = await readLog(store, join(folder, "log.jsonl"));
  const start = entries.find((entry) => entry.type === "start");
  const validations = entries.filter((entry) => entry.type === "validation");
  const best = bestValidation(entries);
  const panels: ReportPanel[] = [];
  for (const panel of best?.panels ?? []) panels.push(await cutPanel(codec, folder, panel));
  const { stages, ...facts } = info;
  const page = renderReport({
    ...facts,
    classes: start?.classes ?? [],
    parameters: start?.parameters,
    finished: entries.some((entry) => entry.type === "done"),
    steps: entries.filter((entry) => entry.type === "step"),
    thresholds: entries.findLast((entry) => entry.type === "thresholds"),
    validations,
    scores: info.scores ?? (best && { ...best, title: `Best validation, after step ${best.step}` }),
    panels,
    gains: stages && {
      scores: stages.scores,
      examples: await Promise.all(stages.examples.map((example) => paintExample(codec, example))),
    },
  });
  const path = join(folder, "report.html");
  await store.write([{ path, data: page }]);
  return path;
}

/** The tiles of a stored strip as separate pictures, so that they can wrap on a narrow screen. */
async function cutPanel(
  codec: ImageCodec,
  folder: string,
  panel: StoredPanel,
): Promise<ReportPanel> {
  // Only the last part of the logged path is used: no file from elsewhere may get into a page that is passed on.
  const path = join(folder, "samples", basename(panel.file));
  const strip = await codec.decode(path);
  const { tileWidth } = panel;
  const tiles = await Promise.all(
    panel.tiles.map(async (name, i) => {
      const left = i * (tileWidth + tileGap);
      if (!(left >= 0 && tileWidth > 0 && left + tileWidth <= strip.width)) {
        throw new UserError(
          `${path}: is ${strip.width} pixels wide, but the log has ${panel.tiles.length} tiles of ${tileWidth} in it`,
        );
      }
      const tile = columns(strip, left, tileWidth);
      return { name, jpeg: await codec.encode(tile, "jpeg", { quality: 84, subsampled: true }) };
    }),
  );
  return { name: panel.name, tags: panel.tags, tiles };
}

/** Some columns of an image, as an image of their own. */
function columns({ width, height, data }: Image, left: number, count: number): Image {
  const part = new Uint8Array(3 * count * height);
  for (let y = 0; y < height; y++) {
    const start = 3 * (y * width + left);
    part.set(data.subarray(start, start + 3 * count), 3 * y * count);
  }
  return { width: count, height, data: part };
}
