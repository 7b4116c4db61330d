import { parseClassNames } from "../files/formats/class-names.ts";
import { LostDetails, type LostDetail } from "../files/formats/lost-details.ts";
import type { MaskFormat } from "../files/formats/formats.ts";
import { MaskFolder } from "../files/formats/mask-folder.ts";
import { ImageFiles, openMasks, type MaskEntry, type MaskSource } from "../files/formats/open.ts";
import { dirname } from "../files/text/path.ts";
import type { Host } from "../host/host.ts";
import { ignoreIndex } from "../method/images/image.ts";
import type { InstanceKind } from "../method/images/regions.ts";
import { UserError } from "../user-error.ts";
import { fileSetting, settingsOf } from "./job-settings.ts";
import { unfinished } from "./masks.ts";
import type { JobOptions, ProgressEvent, SkippedEvent, StoppedEvent } from "./events.ts";

export interface ConvertJob {
  /** Folder or file of the masks. */
  readonly masks: string;
  readonly to: readonly MaskFormat[];
  readonly out: string;
  /** Format of the masks; recognized by default. */
  readonly from?: MaskFormat;
  /** Folder of the images that the masks belong to. */
  readonly images?: string;
  /** Class names, or a file of them. */
  readonly classes?: string;
  readonly instances: InstanceKind;
  readonly imageUrl?: string;
  readonly overwrite?: boolean;
  /** Continue the unfinished conversion in the folder. */
  readonly resume?: boolean;
  /** Fail on the first mask that cannot be read instead of leaving it out. */
  readonly strict?: boolean;
}

/** All masks have been converted. */
export interface ConvertDoneEvent {
  readonly type: "done";
  readonly from: MaskFormat;
  readonly to: readonly MaskFormat[];
  readonly out: string;
  /** The file with the class names. */
  readonly classes: string;
  readonly masks: number;
  readonly skipped: number;
  /** Details that the formats could not hold. */
  readonly lost: readonly LostDetail[];
}

export type ConvertEvent =
  | { readonly type: "started"; readonly of: number }
  | ProgressEvent
  | SkippedEvent
  | (StoppedEvent & { readonly kept: number })
  | ConvertDoneEvent;

/** Converts masks between annotation formats. A job that fails or is stopped keeps what it finished. */
export async function* convertMasks(
  host: Host,
  job: ConvertJob,
  options: JobOptions = {},
): AsyncGenerator<ConvertEvent, void> {
  const { masks: path, to, from, instances, imageUrl, overwrite = false } = job;
  const { store } = host;
  const losses = new LostDetails();
  const root = (await store.stat(path))?.kind === "folder" ? path : dirname(path);
  const source = await openMasks(host, path, {
    images: await ImageFiles.find(store, job.images, root),
    instances,
    losses,
    ...(job.classes !== undefined && { classes: await parseClassNames(store, job.classes) }),
    ...(from && { from }),
  });
  try {
    if (source.entries.length === 0) throw new UserError(`${path}: has no masks`);
    const { classes: names, entries, format: readAs } = source;
    const about = {
      ...{ masks: await fileSetting(store, path), from: readAs, classes: names, to, instances },
      ...{ imageUrl, imageFolder: job.images },
    };
    const folder = await MaskFolder.create(host, job.out, source.classes, {
      settings: settingsOf("convert", about, entries.map(identityOf)),
      ...(job.resume !== undefined && { resume: job.resume }),
      format: to,
      instances,
      overlays: false,
      overwrite,
      ...(imageUrl !== undefined && { imageUrl }),
    });
    const total = source.entries.length;
    yield { type: "started", of: total };
    let [masks, skipped, firstProblem] = [0, 0, ""];
    let classes: string;
    try {
      for await (const event of convertEach(source, folder, job, options)) {
        if (event.type === "progress") masks++;
        else if (skipped++ === 0) firstProblem = event.message;
        yield event;
      }
      if (masks + skipped < total) {
        yield { type: "stopped", done: masks + skipped, total, kept: await folder.stop() };
        return;
      }
      if (masks === 0) {
        throw new UserError(`${firstProblem}; none of the ${total} masks can be used`);
      }
      classes = await folder.finish();
      await folder.complete();
    } catch (error) {
      throw unfinished(error, await folder.stop(), total);
    }
    const lost = [...losses.list(), ...folder.losses()];
    const { format } = source;
    yield { type: "done", from: format, to, out: job.out, classes, masks, skipped, lost };
  } finally {
    await source.close();
  }
}

/** What tells a mask from the others of its source. */
function identityOf({ name, fileName, image, where }: MaskEntry): readonly unknown[] {
  return [name, fileName, image, where];
}

async function* convertEach(
  { entries, classes }: MaskSource,
  folder: MaskFolder,
  { strict = false }: ConvertJob,
  { signal }: JobOptions,
): AsyncGenerator<ProgressEvent | SkippedEvent> {
  for (const [i, entry] of entries.entries()) {
    if (signal?.aborted) return;
    const { name, fileName, image } = entry;
    let labels;
    try {
      labels = await readEntry(entry, classes);
    } catch (error) {
      if (strict || !(error instanceof UserError)) throw error;
      yield { type: "skipped", file: entry.where, message: error.message };
      continue;
    }
    await folder.write(name, labels, undefined, {
      index: i,
      ...(fileName !== undefined && { fileName }),
      ...(image !== undefined && { source: image }),
    });
    yield { type: "progress", done: i + 1, total: entries.length };
  }
}

/** Reads the labels of a mask and checks that all of them are classes. */
async function readEntry(
  entry: MaskEntry,
  classes: readonly string[],
): ReturnType<MaskEntry["read"]> {
  const labels = await entry.read();
  const unknown = labels.data.find((label) => label > classes.length && label !== ignoreIndex);
  if (unknown === undefined) return labels;
  throw new UserError(
    `${entry.where}: mask has label ${unknown}, but there are only ${classes.length} classes: ${classes.join(", ")}`,
  );
}
