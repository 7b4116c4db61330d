import { Command, Option } from "commander";
import type { SettingOptions } from "../files/run/settings.ts";
import type { DeviceName } from "../host/devices.ts";
import type { DemoEvent } from "../jobs/demo.ts";
import { ctrlCNote, Interrupted, runJob, type Interruption } from "./interrupt.ts";
import { invocation } from "./invocation.ts";
import { wholeNumber, wholeNumbers, withDevice, withExamples, withJson } from "./options.ts";
import { withSettings } from "./set-option.ts";
import type { OpenOutput, Output } from "./output.ts";
import { CountMeter } from "./progress.ts";
import { reportFacts } from "./report-facts.ts";
import { percent, seedTable, stageTable } from "./score-table.ts";
import { secondsSince } from "./seconds.ts";
import { describeStop, trainingLines } from "./training-lines.ts";

interface DemoOptions extends SettingOptions {
  readonly json?: boolean;
  readonly out?: string;
  readonly images: number;
  readonly device: DeviceName;
  readonly seeds?: readonly number[];
}

/** `tag2mask demo`: the whole method on synthetic scenes, from tags to masks. */
export function demoCommand(open: OpenOutput): Command {
  const command = new Command("demo")
    .summary("take the tour: draw scenes, train on their tags, measure, report")
    .description(
      "Draws a small synthetic data set, trains on its tags alone, measures the masks of scenes for testing " +
        "after every step of the method, and writes a report with pictures. Takes a few minutes on two cores.",
    )
    .option(
      "--out <folder>",
      "folder for the scenes and the run (default: the first free one of runs/demo, demo2, …); a demo that was stopped in it goes on",
    )
    .option("--images <n>", "number of scenes to train and validate on", wholeNumber(14), 700)
    .option("--steps <n>", "training steps", wholeNumber(1))
    .option("--seed <n>", "random seed of the scenes and the training", wholeNumber(0), 0)
    .addOption(
      new Option("--seeds <list>", "train once with each of these seeds and compare their scores")
        .argParser(wholeNumbers)
        .conflicts("seed"),
    );
  withJson(withDevice(withSettings(command))).action(async (options: DemoOptions) => {
    const output = open(options);
    const { runDemo } = await import("../jobs/demo.ts");
    const { nodeHost } = await import("../host/node/host.ts");
    const job = { ...options, report: reportFacts(output) };
    await runJob((more) => runDemo(nodeHost, job, more), demoLines(output));
  });
  return withExamples(
    command,
    "tag2mask demo",
    "tag2mask demo --seed 2 --out /tmp/demo --json",
    "tag2mask demo --seeds 1,2,3",
  );
}

/** Prints the events of the demo: the scenes, the training, and the scores of a comparison of seeds. */
function demoLines(output: Output): (event: DemoEvent, interruption: Interruption) => void {
  const started = output.now();
  const now = (): number => output.now();
  let showTraining = trainingLines(output);
  let meter = new CountMeter("scenes", now);
  let place = "";
  let isKept = false;
  return (event, interruption) => {
    switch (event.type) {
      case "place":
        place = event.folder;
        isKept = event.continues;
        if (event.continues) output.note(`going on with the demo that was stopped in ${place}`);
        return interruption.handle(() => output.note(ctrlCNote("stopping")));
      case "scenes-started":
        meter = new CountMeter("scenes", now);
        return interruption.handle(() => output.note(ctrlCNote("stopping")));
      case "scenes":
        return output.progress.update(meter.read(event.done, event.total));
      case "scenes-done":
        output.progress.clear();
        return output.note(`wrote ${event.images} scenes to ${event.folder}`);
      case "canceled":
        throw new Interrupted(
          `stopped before the training; ${isKept ? goesOn(place) : "nothing is left behind"}`,
        );
      case "stopped":
        output.progress.clear();
        throw new Interrupted(`${describeStop(event)}; ${goesOn(place)}`);
      case "tour-done":
        return printTour(event, secondsSince(started, output), output);
      case "seed":
        showTraining = trainingLines(output);
        return output.note(`seed ${event.seed}, ${event.index + 1} of ${event.of}`);
      case "trained":
        interruption.release();
        return output.progress.finish();
      case "measuring":
        meter = new CountMeter("test scenes", now);
        return;
      case "progress":
        return output.progress.update(meter.read(event.done, event.total));
      case "measured": {
        const { seed, run, scores } = event;
        isKept = true;
        output.progress.clear();
        return output.record({ seed, run, ...scores });
      }
      case "compared":
        return printComparison(event, output);
      default:
        return showTraining(event, interruption);
    }
  };
}

function goesOn(place: string): string {
  return `the same command with --out ${place} goes on`;
}

type DemoEventOf<T extends DemoEvent["type"]> = Extract<DemoEvent, { readonly type: T }>;

function printTour(
  { scenes, training, scores }: DemoEventOf<"tour-done">,
  seconds: number,
  output: Output,
): void {
  const { run, weights, report, best, classes } = training;
  const { stages, tagF1, masks } = scores;
  output.progress.clear();
  output.say(stageTable(stages, classes));
  output.say(`F1 of the tags ${percent(tagF1)} %, all of ${masks} test scenes\n`);
  output.say(`run      ${run}\nweights  ${weights}\nreport   ${report}\ndata     ${scenes}\n`);
  output.say(`Next: ${invocation()} segment --model ${run} --out masks ${scenes}/images`);
  output.record({ run, seconds, metrics: best?.metrics ?? null, test: { stages, tagF1 } });
}

function printComparison(
  { out, file, measured, summary }: DemoEventOf<"compared">,
  output: Output,
): void {
  output.say(`\n${seedTable(measured, summary)}\n\nscores   ${file}`);
  output.record({ out, summary });
}
