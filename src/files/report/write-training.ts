import { readFile } from "node:fs/promises";
import { basename, join } from "node:path";
import sharp from "sharp";
import { UserError } from "../../user-error.ts";
import { describeFileError, writeFileAtomic } from "../../host/node/files/atomic-file.ts";
import { nodeHost } from "../../host/node/host.ts";
import { readLog, type StoredPanel } from "../run/log.ts";
import { tileGap } from "../run/panel-picture.ts";
import type { ReportData, ReportPanel } from "./training-data.ts";
import { renderReport } from "./training-page.ts";
import { bestValidation } from "../run/best-scores.ts";

/** What the run folder does not know itself. */
export type ReportInfo = Pick<
  ReportData,
  "title" | "dataset" | "config" | "command" | "versions"
> & {
  /** Scores to head the page with, instead of those of the best validation. */
  readonly scores?: ReportData["scores"];
};

/** Writes report.html into a run folder, from its log and samples; returns its path. */
export async function writeReport(folder: string, info: ReportInfo): Promise<string> {
  const entries = await readLog(nodeHost.store, join(folder, "log.jsonl"));
  const start = entries.find((entry) => entry.type === "start");
  const validations = entries.filter((entry) => entry.type === "validation");
  const best = bestValidation(entries);
  const panels: ReportPanel[] = [];
  for (const panel of best?.panels ?? []) panels.push(await cutPanel(folder, panel));
  const page = renderReport({
    ...info,
    classes: start?.classes ?? [],
    parameters: start?.parameters,
    finished: entries.some((entry) => entry.type === "done"),
    steps: entries.filter((entry) => entry.type === "step"),
    validations,
    scores: info.scores ?? (best && { ...best, title: `Best validation, after step ${best.step}` }),
    panels,
  });
  const path = join(folder, "report.html");
  await writeFileAtomic(path, page);
  return path;
}

/** The tiles of a stored strip, each a picture of its own, so that they can wrap on a narrow screen. */
async function cutPanel(folder: string, panel: StoredPanel): Promise<ReportPanel> {
  // Whatever the log says: no file from elsewhere becomes part of a page that may be passed on.
  const path = join(folder, "samples", basename(panel.file));
  try {
    const strip = await readFile(path);
    const { height = 1 } = await sharp(strip).metadata();
    const tiles = await Promise.all(
      panel.tiles.map(async (name, i) => {
        const left = i * (panel.tileWidth + tileGap);
        const tile = sharp(strip).extract({ left, top: 0, width: panel.tileWidth, height });
        return { name, jpeg: await tile.jpeg({ quality: 84 }).toBuffer() };
      }),
    );
    return { name: panel.name, tags: panel.tags, tiles };
  } catch (error) {
    throw new UserError(`${path}: cannot be read for the report: ${describeFileError(error)}`, {
      cause: error,
    });
  }
}
