import { join } from "node:path";
import type { Config } from "../method/config.ts";
import type { NdArray } from "../engine/graph/index.ts";
import type { TrainEvent, TrainingState } from "../method/train/events.ts";
import { WeightsMismatch } from "../method/train/network-state.ts";
import { nodeHost } from "../host/node/host.ts";
import { UserError } from "../user-error.ts";
import type { OpenedDataset } from "../files/datasets/index.ts";
import type { DeviceChoice } from "../host/devices.ts";
import { StepMeter } from "../cli/progress.ts";
import type { RunDirectory } from "../files/run/directory.ts";
import type { ValidationEntry } from "../files/run/log.ts";
import { packageVersion } from "../host/node/version.ts";
import { Interrupted } from "../cli/failure.ts";
import { interruptible } from "../cli/interrupt.ts";
import { invocation } from "../cli/invocation.ts";
import type { Output } from "../cli/output.ts";
import { scoreTable } from "../cli/score-table.ts";

export interface TrainingJob {
  readonly run: RunDirectory;
  readonly data: OpenedDataset;
  readonly config: Config;
  readonly device: DeviceChoice;
  readonly resume?: TrainingState | undefined;
  /** File that `resume` is from. */
  readonly checkpoint?: string | undefined;
  readonly initial?: Readonly<Record<string, NdArray>>;
  readonly strict: boolean;
}

/** What came of a training: its run folder and its best validation. */
export interface TrainingResult {
  readonly run: string;
  readonly metrics: ValidationEntry["metrics"] | null;
}

/**
 * Trains into a run folder, telling how it goes. Ctrl-C ends it after the step under way with a
 * checkpoint. A new run that fails before its first checkpoint leaves nothing behind.
 */
export async function runTraining(job: TrainingJob, output: Output): Promise<TrainingResult> {
  const { run, resume } = job;
  let saved = resume?.step;
  try {
    const stopped = await interruptible(
      async (signal) => {
        for await (const step of recorded(job, output, () => signal.aborted)) saved = step;
        return signal.aborted;
      },
      () => output.note("finishing the step, then saving; Ctrl-C again stops at once"),
    );
    output.progress.finish();
    if (stopped && saved !== job.config.train.steps) {
      throw new Interrupted(
        `stopped after step ${saved}; go on with: ${invocation()} train --resume ${run.path}`,
      );
    }
  } catch (error) {
    // Of a run that was there before only the files are closed.
    if (saved === undefined) await run.discard();
    else await run.close();
    throw withWayOn(error, job, saved);
  }
  await run.close();
  return finish(job, output);
}

/** Carries every event to the run folder and the screen; yields the steps of checkpoints. */
async function* recorded(
  { run, data, config, device, resume, initial, strict }: TrainingJob,
  output: Output,
  stop: () => boolean,
): AsyncGenerator<number, void> {
  const { train } = await import("./train-dataset.ts");
  const meter = new StepMeter(() => output.now());
  const skipped: { file: string; reason: string }[] = [];
  const options = { data, config, device, resume, strict, skipped, stop };
  let told = 0;
  for await (const event of train({ ...options, ...(initial && { initial }) })) {
    await run.record(event);
    for (; told < skipped.length; told++) {
      output.note(`left out ${skipped[told]!.file}: ${skipped[told]!.reason}`);
    }
    show(event, meter, output);
    if (event.type === "checkpoint") yield event.step;
  }
}

function show(event: TrainEvent, meter: StepMeter, output: Output): void {
  switch (event.type) {
    case "start": {
      output.record(event);
      const size = (event.parameters / 1e6).toPrecision(3);
      const from = event.step > 0 ? `, from step ${event.step}` : "";
      output.note(
        `${size} M parameters, ${event.classes.length} classes, ${event.steps} steps${from}`,
      );
      return;
    }
    case "step": {
      output.record(event);
      const { line, milestone } = meter.read(event);
      output.progress.update(line, milestone);
      return;
    }
    case "validating":
      output.progress.update(`validating ${event.done}/${event.total}`);
      return;
    case "validation": {
      const { type, step, metrics, perClass, skipped } = event;
      for (const problem of skipped) output.note(`left out ${problem}`);
      output.record({ type, step, metrics, perClass, skipped });
      const scores = Object.entries(metrics).map(([name, score]) => `${name} ${score.toFixed(3)}`);
      output.note(`validation after step ${step}: ${scores.join("  ")}`);
      return;
    }
    case "checkpoint":
      output.record({ type: event.type, step: event.step, best: event.best });
      return;
    case "done":
      output.record(event);
  }
}

async function finish({ run, data, config }: TrainingJob, output: Output): Promise<TrainingResult> {
  const { writeReport } = await import("../files/report/write-training.ts");
  const { bestValidation } = await import("../files/run/best-scores.ts");
  const { counts } = data;
  const report = await writeReport(nodeHost, run.path, {
    title: run.path,
    dataset: {
      folder: data.root,
      layout: data.format,
      images: counts.all.images,
      "training images": counts.splits["train"]?.images ?? 0,
      "validation images": counts.splits["val"]?.images ?? 0,
      masks: counts.all.masks,
    },
    config,
    command: output.commandLine,
    versions: { tag2mask: packageVersion(), "Node.js": process.versions.node },
  });
  const best = bestValidation(await run.readLog());
  if (best) output.say(scoreTable(best, data.classes));
  output.say(`\nrun      ${run.path}`);
  output.say(`weights  ${join(run.path, "weights", `${best ? "best" : "last"}.safetensors`)}`);
  output.say(`report   ${report}`);
  return { run: run.path, metrics: best?.metrics ?? null };
}

/**
 * What the user can mend, in words: a checkpoint of another network, and numbers that overflow, where
 * everything so far is safe.
 */
function withWayOn(
  error: unknown,
  { run, config, checkpoint }: TrainingJob,
  saved: number | undefined,
): unknown {
  if (error instanceof WeightsMismatch && checkpoint !== undefined) {
    const what = error.message.replace("weights: ", "");
    return new UserError(
      `${checkpoint}: is not a checkpoint of the ${config.model.backbone} in ` +
        `${join(run.path, "config.yaml")}: ${what}; resume with the settings it was started with`,
      { cause: error },
    );
  }
  if (!(error instanceof RangeError) || !error.message.startsWith("train: step ")) return error;
  const what = error.message.replace("train: ", "").split(";")[0];
  const lower = `a lower --set train.lr (now ${config.train.lr})`;
  const way =
    saved === undefined
      ? `start again with ${lower}`
      : `the checkpoint of step ${saved} is good: train on from it with --weights ` +
        `${join(run.path, "weights", "last.safetensors")} and ${lower}`;
  return new UserError(`${what}; ${way}`, { cause: error });
}
