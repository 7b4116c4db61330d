import { Command, Option } from "commander";
import {
  boxRules,
  unannotatedRules,
  type BoxRule,
  type UnannotatedRule,
} from "../files/formats/boxes.ts";
import { formatFiles, maskFormats, type MaskFormat } from "../files/formats/formats.ts";
import { counted } from "../files/text/units.ts";
import type { ConvertDoneEvent, ConvertEvent } from "../jobs/convert-job.ts";
import type { ShardTask } from "../jobs/shard-plan.ts";
import { printConversion } from "./conversion-lines.ts";
import { messages } from "./findings.ts";
import { ctrlCNote, Interrupted, keptNote, runJob } from "./interrupt.ts";
import {
  classNamesHelp,
  maskFormatList,
  overwriteHelp,
  resumeOption,
  withExamples,
  withFormatOptions,
  withJson,
} from "./options.ts";
import type { FormatOptions } from "./options.ts";
import type { OpenOutput, Output } from "./output.ts";
import { CountMeter } from "./progress.ts";
import { tellReplaced } from "./replaced-lines.ts";
import { secondsSince } from "./seconds.ts";
import { shardTask, withShards, type ShardOptions } from "./shard-options.ts";
import { taskStopped, tellTask, type TaskSums } from "./task-lines.ts";

interface ConvertOptions extends FormatOptions, ShardOptions {
  readonly json?: boolean;
  readonly to: readonly MaskFormat[];
  readonly out: string;
  readonly from?: MaskFormat;
  readonly images?: string;
  readonly classes?: string;
  readonly boxes?: BoxRule;
  readonly unannotated?: UnannotatedRule;
  readonly binary?: boolean;
  readonly strict?: boolean;
}

/** `tag2mask convert`: conversion of masks between annotation formats. */
export function convertCommand(open: OpenOutput): Command {
  const command = new Command("convert")
    .summary("convert masks between annotation formats")
    .description(
      "Converts masks from one annotation format, recognized by the content, to one or more others, " +
        "and lists the details that these cannot hold. Every pixel keeps its label, except that YOLO's " +
        "format knows no ignored pixels. Objects are counted where they are read and where they are shown; " +
        "nothing was lost only if it says so.",
    )
    .argument(
      "<masks>",
      "folder of masks, .json file of COCO or Label Studio, or .zip file of any format",
    )
    .requiredOption(
      "--to <names>",
      `output formats with commas between: ${maskFormats.join(", ")}`,
      maskFormatList,
    )
    .requiredOption("--out <path>", "output folder; for coco, labelstudio and cvat also a file")
    .addOption(
      new Option("--from <name>", "input format, if it is not recognized").choices(maskFormats),
    )
    .option(
      "--images <folder>",
      "images of the masks, for their sizes, names, and formats that include images",
    )
    .option(
      "--classes <names>",
      `${classNamesHelp}; the masks' own names in any order, or others that rename them in their order`,
    )
    .option("--binary", "mask PNGs of 0 and 255: 255 is the one class, not ignored")
    .addOption(
      new Option(
        "--boxes <rule>",
        "objects of which only the box is known: ignore its pixels (255), fill it, or leave the image out",
      )
        .choices(boxRules)
        .default("ignore"),
    )
    .addOption(
      new Option(
        "--unannotated <rule>",
        "images that a COCO or CVAT file lists without any annotation: leave them out, ignore all their pixels (255), or take them for background",
      )
        .choices(unannotatedRules)
        .default("leave-out"),
    );
  withFormatOptions(command)
    .option("--overwrite", overwriteHelp)
    .addOption(resumeOption())
    .option("--strict", "fail on the first mask that cannot be read instead of leaving it out");
  withJson(withShards(command)).action((masks: string, options: ConvertOptions) => {
    const output = open(options);
    const divided = shardTask(command, options, output);
    return convert({ ...options, ...divided, masks }, output);
  });
  return withExamples(
    command,
    "tag2mask convert masks --to coco --images photos/images --out instances.json",
    "tag2mask convert export.json --to voc --out masks",
    "tag2mask convert task.zip --from cvat --to yolo,ultralytics --images photos/images --out sets",
    "tag2mask convert masks --to voc --classes cat,dog --out named",
    "tag2mask convert export.json --to coco --out masks --shard-size 1000 --task 0 --tasks 8",
  );
}

async function convert(
  options: ConvertOptions & { readonly masks: string; readonly shards?: ShardTask },
  output: Output,
): Promise<void> {
  const { convertMasks } = await import("../jobs/convert.ts");
  const { nodeHost } = await import("../host/node/host.ts");
  const now = (): number => output.now();
  const started = now();
  let [masks, skipped] = [0, 0];
  const meter = new CountMeter("masks", now);
  await runJob(
    (job) => convertMasks(nodeHost, options, job),
    (event, interruption) => {
      switch (event.type) {
        case "started":
          if (event.finished > 0) output.note(finishedNote(event, options.to));
          return interruption.handle(() => output.note(ctrlCNote("finishing the mask under way")));
        case "waiting":
        case "task":
        case "shard":
        case "task-done": {
          const made = counted(masks, "mask");
          const sums = (): TaskSums => {
            const seconds = secondsSince(started, output);
            return { made, skipped, seconds, facts: { masks } };
          };
          return tellTask(event, sums, output, interruption);
        }
        case "progress":
          masks++;
          return output.progress.update(meter.read(event.done, event.total));
        case "skipped":
          skipped++;
          output.note(`left out ${event.message}`);
          return output.record({ mask: event.file, error: event.message });
        case "stopped":
          if (!("kept" in event)) throw taskStopped(event.done, event.total, "mask");
          throw new Interrupted(
            `stopped after ${event.done} of ${event.total} masks; ${keptNote(event.kept, "mask")}`,
          );
        case "done":
          return printSummary(event, options, secondsSince(started, output), output);
      }
    },
  );
}

/** What a conversion that goes on does with the masks that are finished. */
function finishedNote(
  { finished, of, rereads }: Extract<ConvertEvent, { type: "started" }>,
  to: readonly MaskFormat[],
): string {
  const files = to.filter((format) => formatFiles[format] !== undefined).join(" and ");
  return rereads
    ? `${finished} of ${counted(of, "mask")} are finished; they are read again, as ${files} is one file for all`
    : `${finished} of ${counted(of, "mask")} are finished and not read again`;
}

function printSummary(
  event: ConvertDoneEvent,
  { images }: ConvertOptions,
  seconds: number,
  output: Output,
): void {
  output.progress.clear();
  const { from, to, out, classes, masks, skipped, objects, lost, notes, warnings, replaced } =
    event;
  printConversion({ ...event, hasImages: images !== undefined }, seconds, output);
  tellReplaced(replaced, output);
  output.record({
    ...{ from, to, out, classes, masks, skipped, objects, lost, notes },
    warnings: messages(warnings),
    replaced,
    seconds,
  });
}
