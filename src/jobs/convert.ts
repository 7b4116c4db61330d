import { MaskFolder } from "../files/formats/mask-folder.ts";
import type { Replaced } from "../files/formats/older-files.ts";
import type { MaskEntry } from "../files/formats/open.ts";
import type { Host } from "../host/host.ts";
import { UserError } from "../user-error.ts";
import { ConversionTotals } from "./conversion-totals.ts";
import { convertEach } from "./convert-each.ts";
import type { ConvertEvent, ConvertJob } from "./convert-job.ts";
import { convertShards } from "./convert-shards.ts";
import { dependencies, openConversion, writingOptions } from "./convert-source.ts";
import type { JobOptions } from "./events.ts";
import { fileSetting, settingsOf } from "./job-settings.ts";
import { unfinished } from "./masks.ts";

export type { ConvertDoneEvent, ConvertEvent, ConvertJob } from "./convert-job.ts";

/** Converts masks between annotation formats. A job that fails or is stopped keeps what it finished. */
export async function* convertMasks(
  host: Host,
  job: ConvertJob,
  options: JobOptions = {},
): AsyncGenerator<ConvertEvent, void> {
  if (job.shards) return yield* convertShards(host, job, job.shards, options);
  const { masks: path, to, out, overwrite = false, resume, strict = false } = job;
  const conversion = await openConversion(host, job);
  const { source, opened, notes, names } = conversion;
  try {
    const { format: from, entries } = source;
    const about = { masks: await fileSetting(host.store, path), ...dependencies(job, source) };
    const folder = await MaskFolder.create(host, out, source.classes, {
      ...writingOptions(job),
      settings: settingsOf("convert", about, entries.map(identityOf)),
      nameOf: (index) => names[index]!,
      overwrite,
      ...(resume !== undefined && { resume }),
    });
    const total = entries.length;
    const { finished, keepsMasks } = folder;
    const totals = new ConversionTotals(opened);
    let [masks, skipped, firstProblem] = [0, 0, ""];
    let classes: string;
    let replaced: Replaced;
    let isSettled = false;
    try {
      yield { type: "started", of: total, finished, rereads: !keepsMasks };
      const part = { folder, first: 0, end: total, strict };
      for await (const event of convertEach(host, conversion, part, options)) {
        if (event.type === "converted") {
          totals.add(event.facts);
          yield { type: "progress", done: ++masks + skipped, total };
          continue;
        }
        const { type, file, message } = event;
        totals.leaveOut(event.code);
        if (skipped++ === 0) firstProblem = message;
        yield { type, file, message };
      }
      if (masks + skipped < total) {
        const kept = await folder.stop();
        isSettled = true;
        yield { type: "stopped", done: masks + skipped, total, kept };
        return;
      }
      if (masks === 0) {
        throw new UserError(`${firstProblem}; none of the ${total} masks can be used`);
      }
      classes = await folder.finish();
      replaced = await folder.complete();
      isSettled = true;
    } catch (error) {
      const kept = isSettled ? 0 : await folder.stopAfterFailure();
      isSettled = true;
      throw unfinished(error, kept, total);
    } finally {
      // The consumer leaves.
      if (!isSettled) await folder.stop();
    }
    yield {
      ...{ type: "done", from, to, out, classes, masks, skipped },
      objects: totals.objects,
      lost: [...totals.lost(), ...folder.losses()],
      notes,
      warnings: totals.warnings(path, from, source.classes),
      replaced,
    };
  } finally {
    await source.close();
  }
}

/** What tells a mask from the others of its source. */
function identityOf({ name, fileName, image, where }: MaskEntry): readonly unknown[] {
  return [name, fileName, image, where];
}
