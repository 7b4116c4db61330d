import type { LostDetail } from "../files/formats/lost-details.ts";
import type { MaskFormat } from "../files/formats/formats.ts";
import { MaskFolder } from "../files/formats/mask-folder.ts";
import { nameOutputs } from "../files/formats/output-names.ts";
import { join } from "../files/text/path.ts";
import type { FileHost } from "../host/host.ts";
import { checkMaskSize, translateLabels } from "../method/data/known-mask.ts";
import type { LabelMap } from "../method/images/image.ts";
import { UserError } from "../user-error.ts";
import type { JobOptions, ProgressEvent, SkippedEvent, StoppedEvent } from "./events.ts";
import { settingsOf } from "./job-settings.ts";
import { largestSide } from "./masks.ts";

/** A mask to export. */
export interface MaskToExport {
  /** Name of its image, without ending. */
  readonly name: string;
  /** Path of the image. */
  readonly image: string;
  /** Path of its PNG. */
  readonly mask: string;
  /** Which of the job's `numberings` its labels have. */
  readonly numbering: number;
  /** Of a mask that a model made and nobody has accepted. */
  readonly confidence?: number;
}

export interface MaskExportJob {
  readonly masks: readonly MaskToExport[];
  /** Foreground class names of the export. */
  readonly classes: readonly string[];
  /** For each kind of PNG the label of the export for each of its labels, from 0. */
  readonly numberings: readonly (readonly number[])[];
  readonly formats: readonly MaskFormat[];
  readonly out: string;
  /** Also write each mask laid over its image. */
  readonly overlays?: boolean;
}

export type MaskExportEvent =
  | ProgressEvent
  | SkippedEvent
  | StoppedEvent
  | {
      readonly type: "done";
      readonly out: string;
      readonly masks: number;
      readonly skipped: number;
      readonly lost: readonly LostDetail[];
    };

/** Writes masks that lie in PNGs of several numberings in other formats, as `convert` does. */
export async function* exportMasks(
  host: FileHost,
  job: MaskExportJob,
  { signal }: JobOptions = {},
): AsyncGenerator<MaskExportEvent, void> {
  const { masks, classes, formats, out, overlays = false } = job;
  if (masks.length === 0) throw new UserError(`${out}: there are no masks to export`);
  const names = nameOutputs(masks.map(({ name, image }) => ({ name, source: image })));
  const folder = await MaskFolder.create(host, out, classes, {
    format: formats,
    overlays,
    settings: settingsOf("export", { classes, to: formats, overlays }, masks),
    nameOf: (index) => names[index]!,
  });
  let [written, skipped, firstProblem] = [0, 0, ""];
  let isSettled = false;
  try {
    for (const [index, mask] of masks.entries()) {
      if (signal?.aborted) break;
      const { name, image: source, confidence } = mask;
      let labels: LabelMap;
      try {
        labels = await readLabels(host, mask, job.numberings[mask.numbering]!);
      } catch (error) {
        if (!(error instanceof UserError)) throw error;
        if (skipped++ === 0) firstProblem = error.message;
        yield { type: "skipped", file: source, message: error.message };
        continue;
      }
      const image = overlays ? await host.codec.decode(source, { largeSide: largestSide }) : undefined; // prettier-ignore
      await folder.write(name, labels, image, {
        ...{ index, source, facts: {} },
        ...(confidence !== undefined && { confidence }),
      });
      yield { type: "progress", done: ++written + skipped, total: masks.length };
    }
    if (written + skipped < masks.length) {
      await folder.discard();
      isSettled = true;
      return yield { type: "stopped", done: written + skipped, total: masks.length };
    }
    if (written === 0) {
      throw new UserError(`${firstProblem}; none of the ${masks.length} masks can be used`);
    }
    await folder.finish();
    await folder.complete();
    isSettled = true;
  } catch (error) {
    if (!isSettled) await folder.discard().catch(() => undefined);
    isSettled = true;
    throw error;
  } finally {
    // The consumer leaves.
    if (!isSettled) await folder.discard();
  }
  yield { type: "done", out, masks: written, skipped, lost: folder.losses() };
}

/** What a format would lose. */
export interface FormatLosses {
  readonly format: MaskFormat;
  readonly lost: readonly LostDetail[];
}

/**
 * What each format would lose of these masks: they are written into a folder of its own each, which is removed again, so that the ledger of
 * the formats itself tells.
 */
export async function* exportLosses(
  host: FileHost,
  job: MaskExportJob,
  options: JobOptions = {},
): AsyncGenerator<SkippedEvent, readonly FormatLosses[]> {
  const { formats, out } = job;
  const losses: FormatLosses[] = [];
  try {
    for (const [k, format] of formats.entries()) {
      const one = { ...job, formats: [format], out: join(out, format), overlays: false };
      for await (const event of exportMasks(host, one, options)) {
        if (event.type === "skipped" && k === 0) yield event;
        if (event.type === "done") losses.push({ format, lost: event.lost });
      }
      await host.store.remove(one.out);
    }
  } finally {
    await host.store.remove(out);
  }
  return losses;
}

async function readLabels(
  { codec }: FileHost,
  { mask, image }: MaskToExport,
  labels: readonly number[],
): Promise<LabelMap> {
  const read = translateLabels(await codec.decodeLabels(mask), { where: mask, labels });
  checkMaskSize(read, mask, await codec.header(image), image);
  return read;
}
