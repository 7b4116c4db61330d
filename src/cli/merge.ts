import { Command } from "commander";
import { listNames } from "../files/text/list-names.ts";
import { ranges } from "../files/text/ranges.ts";
import { counted } from "../files/text/units.ts";
import type { ConversionFacts } from "../jobs/convert-job.ts";
import type {
  MergeDoneEvent,
  MergedPredictionsEvent,
  MergedReportEvent,
  MergedScoresEvent,
  MergeEvent,
  MergeProgressEvent,
} from "../jobs/merge-events.ts";
import { printConversion } from "./conversion-lines.ts";
import { messages } from "./findings.ts";
import { ctrlCNote, Interrupted, runJob, type Interruption } from "./interrupt.ts";
import { lostLine } from "./lost-line.ts";
import { withExamples, withJson } from "./options.ts";
import type { OpenOutput, Output } from "./output.ts";
import { CountMeter } from "./progress.ts";
import { readingProgress } from "./reading-progress.ts";
import { arrayOf } from "./remedies.ts";
import { tellReplaced } from "./replaced-lines.ts";
import { secondsSince } from "./seconds.ts";
import { unusedShards } from "./unused-shards.ts";

interface MergeOptions {
  readonly json?: boolean;
  readonly allowMissing?: boolean;
  readonly keepShards?: boolean;
  readonly tagsOut?: string;
}

/** `tag2mask merge`: the results of a job that was divided into shards. */
export function mergeCommand(open: OpenOutput): Command {
  const command = new Command("merge")
    .summary("make the shards of several tasks one folder")
    .description(
      "Makes the shards that the tasks of a job wrote the result of one run without shards, byte for byte, and " +
        "removes them. Nothing is computed again; files of single images are linked, not copied. A merge that was " +
        "stopped or killed can be started again.",
    )
    .argument("<folder>", "the --out of the tasks")
    .option(
      "--allow-missing",
      "merge the shards that are there; they stay, to be merged again with the others",
    )
    .option("--keep-shards", "do not remove the shards")
    .option("--tags-out <file>", "of a data set that was inspected, write the tags as a .csv file");
  withJson(command).action((folder: string, options: MergeOptions) =>
    merge(folder, options, open(options)),
  );
  withExamples(
    command,
    "tag2mask merge masks",
    "tag2mask merge masks --allow-missing",
    "sbatch --dependency=afterany:$JOB --wrap 'tag2mask merge masks'",
  );
  return command.addHelpText(
    "after",
    "\nExit code 3: shards are missing; 1, among others: shards are damaged. With --json, a line before that has their " +
      "numbers, and the tasks to run again.",
  );
}

/** What a merge of shards without masks ends with. */
type MergeResult = MergedScoresEvent | MergedPredictionsEvent | MergedReportEvent;

function isResult(event: MergeEvent): event is MergeResult {
  return event.type === "measured" || event.type === "predicted" || event.type === "inspected";
}

async function merge(
  out: string,
  { tagsOut: tagsTo, ...options }: MergeOptions,
  output: Output,
): Promise<void> {
  let result: MergeResult | undefined;
  const { mergeShards } = await import("../jobs/merge.ts");
  const { nodeHost } = await import("../host/node/host.ts");
  const show = mergeLines(output);
  await runJob(
    (job) => mergeShards(nodeHost, { ...options, out, tagsTo }, job),
    (event, interruption) => {
      if (isResult(event)) result = event;
      else show(event, interruption);
    },
  );
  if (result === undefined) return;
  if (result.type === "inspected") return tellInspected(result, output);
  const { tellMerged, tellMergedPredictions } = await import("./eval/merged.ts");
  if (result.type === "measured") tellMerged(result, output);
  else tellMergedPredictions(result, output);
}

/** Shows the report on a data set as one inspection shows it. */
async function tellInspected(event: MergedReportEvent, output: Output): Promise<void> {
  const { report, file, tagsTo, out, shards, missing, kept } = event;
  const { tellReport } = await import("./data-report.ts");
  output.progress.clear();
  output.record({ out, shards, missing, kept, file });
  output.note(`the report for programs: ${file}`);
  if (kept) output.note(`the shards are still there: ${out}/shards`);
  tellReport(report, tagsTo, output);
}

/** What the stages of a merge count. */
function titleOf(stage: MergeProgressEvent["stage"]): string {
  switch (stage) {
    case "check":
      return "checking images";
    case "images":
      return "images";
    case "review":
      return "confidences and contact sheet";
    case "removal":
      return "removing shards";
    default:
      return `${stage}: shards`;
  }
}

/** Prints the events of a merge. */
function mergeLines(
  output: Output,
): (event: Exclude<MergeEvent, MergeResult>, interruption: Interruption) => void {
  const now = (): number => output.now();
  const started = now();
  const { onProgress } = readingProgress(output);
  let stage: MergeProgressEvent["stage"] | undefined;
  let meter = new CountMeter("images", now);
  return (event, interruption) => {
    switch (event.type) {
      case "missing": {
        const { shards, of, tasks, ofTasks } = event;
        output.noteLater(
          `${shards.length} of ${counted(of, "shard")} missing: ${listNames(ranges(shards))}`,
        );
        return output.record({ missing: shards, of, tasks, ofTasks, array: arrayOf(tasks) });
      }
      case "damaged": {
        const { shards, of, tasks, ofTasks } = event;
        output.progress.clear();
        return output.record({ damaged: shards, of, tasks, ofTasks, array: arrayOf(tasks) });
      }
      case "started":
        return interruption.handle(() => output.note(ctrlCNote("stopping")));
      case "reading":
        return onProgress(event.done, event.total, event.what);
      case "progress":
        if (event.stage !== stage) meter = new CountMeter(titleOf(event.stage), now);
        stage = event.stage;
        return output.progress.update(meter.read(event.done, event.total));
      case "stopped":
        throw new Interrupted(
          `stopped after ${event.done} of ${counted(event.total, "image")}; ${event.out} is not complete; ` +
            "the same command begins the merge again, and all shards are still there",
        );
      case "merged-already":
        output.say(`${event.out} is complete and has no shards any more`);
        return output.record({ out: event.out, merged: "already" });
      case "done":
        return printSummary(event, secondsSince(started, output), output);
    }
  };
}

function printSummary(event: MergeDoneEvent, seconds: number, output: Output): void {
  output.progress.clear();
  const { out, classes, masks, skipped, leftOut, lacking, lackingInAll, lost, confidence } = event;
  const { sheet, replaced, shards, missing, kept, index, conversion, withoutMasks } = event;
  const written = counted(masks, "mask");
  const skips = skipped > 0 ? `, ${skipped} left out` : "";
  if (conversion) {
    printConversion({ ...conversion, out, masks, skipped, lost }, seconds, output);
  } else {
    output.say(
      `${written} of ${counted(shards, "shard")} in ${seconds} s${skips}: ${out} (class names: ${classes})`,
    );
  }
  for (const reason of leftOut) output.say(`left out ${reason}`);
  if (skipped > leftOut.length) output.say(`left out: ${skipped - leftOut.length} more`);
  if (withoutMasks.length > 0) output.say(unusedShards(out, withoutMasks));
  if (lackingInAll > 0) {
    const names = lacking.slice(0, 5).join(", ");
    output.say(
      `${lackingInAll} of ${written} without a pixel of one of their tags: ${names}` +
        `${lackingInAll > 5 ? ", …" : ""} (column missing of ${confidence})`,
    );
  }
  // Those of a conversion are printed already.
  if (!conversion) for (const detail of lost) output.say(lostLine(detail, written));
  tellReplaced(replaced, output);
  if (index) {
    output.say(
      `too many images for one file of ${index.formats.join(", ")}: the files of each shard are listed in ${index.file}`,
    );
  }
  if (kept) output.say(`the shards are still there: ${out}/shards`);
  if (sheet !== undefined) output.say(`least sure first: ${sheet}`);
  output.record({
    ...{
      out,
      classes,
      masks,
      skipped,
      leftOut,
      withoutMasks,
      shards,
      missing,
      kept,
      lacking,
      lackingInAll,
      lost,
    },
    ...(conversion && factsOf(conversion)),
    ...(index && { index }),
    ...{ ...(confidence !== undefined && { confidence }), ...(sheet !== undefined && { sheet }) },
    ...{ replaced, seconds },
  });
}

/** What a conversion tells besides, for programs. */
function factsOf({ from, to, objects, notes, warnings }: ConversionFacts): object {
  return { from, to, objects, notes, warnings: messages(warnings) };
}
