import { spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { installedFamilies } from "../host/node/mpi/installed-families.ts";
import { launch, type Family, type LaunchOptions } from "../host/node/mpi/launch.ts";
import { fewScenes, temporaryFolder } from "./scenes.ts";

const folder = temporaryFolder();
const data = join(folder, "scenes");
const one = join(folder, "one");
const oneLong = join(folder, "one-long");
const main = new URL("../../src/cli/main.ts", import.meta.url);

/** All phases in five steps, in micro-batches of two crops. */
const settings = [
  ...["--set", "model.backbone=mit_tiny", "--set", "model.decoderWidth=16"],
  ...["--set", "model.dropPath=0.1", "--set", "model.dropout=0.1"],
  ...["--set", "data.crop=64", "--set", "data.workers=0", "--set", "pseudo.radius=1"],
  ...["--set", "train.camSteps=1", "--set", "train.affinitySteps=3", "--set", "train.microBatch=2"],
  ...["--set", "train.validateEvery=3", "--set", "eval.longSide=64", "--set", "eval.minSide=0"],
  ...["--steps", "5", "--batch", "8", "--device", "cpu"],
];

const start = (out: string, from = data): string[] => [
  "train",
  "--data",
  from,
  "--out",
  out,
  ...settings,
];

/** So many steps that a signal after the first finds the training under way. */
const startLong = (out: string): string[] => [
  ...start(out),
  ...["--steps", "40", "--set", "train.validateEvery=40"],
];

function train(family: Family, ranks: number, args: readonly string[], options?: LaunchOptions) {
  return launch(family, ranks, main, [...args, "--mpi"], options);
}

const weightsOf = (run: string): Buffer => readFileSync(join(run, "weights", "last.safetensors"));

/** Losses and scores as the log has them; seconds differ from run to run. */
function logOf(run: string): unknown[] {
  const lines = readFileSync(join(run, "log.jsonl"), "utf8").trimEnd().split("\n");
  return lines
    .map((line) => JSON.parse(line) as Record<string, unknown>)
    .filter(({ type }) => type !== "checkpoint")
    .map((entry) => ({ ...entry, seconds: undefined, panels: undefined }));
}

const families = installedFamilies();

describe.runIf(families.some(({ installed }) => installed))(
  "training over MPI",
  { timeout: 180_000 },
  () => {
    beforeAll(async () => {
      await fewScenes(data);
      // One thread, as the processes of the tests have.
      for (const args of [start(one), startLong(oneLong)]) {
        const command = ["-c", "0", process.execPath, "--import", "tsx", main.pathname, ...args];
        const { status, stderr } = spawnSync("taskset", command, { encoding: "utf8" });
        expect([status, stderr]).toEqual([0, stderr]);
      }
    }, 120_000);

    for (const { family, installed } of families) {
      describe.runIf(installed)(family, () => {
        test("two processes have the log and the weights of one", async () => {
          const out = join(folder, `${family}-2`);
          const { code, output } = await train(family, 2, start(out));
          expect([code, output]).toEqual([0, output]);
          expect(output).toMatch(/2 processes share each batch of 8 crops; they learn bit for bit/);
          expect(logOf(out)).toEqual(logOf(one));
          expect(weightsOf(out).equals(weightsOf(one))).toBe(true);
        });

        // mpirun of MPICH loses the signal now and then.
        test.runIf(family === "openmpi")(
          "four that are told to stop save a checkpoint, and two go on to the weights of one",
          async () => {
            const out = join(folder, `${family}-4`);
            let told = false;
            const stopped = await train(family, 4, [...startLong(out), "--json"], {
              onOutput(output, kill) {
                if (told || !output.includes('"type":"step"')) return;
                told = true;
                kill("SIGUSR1");
              },
            });
            expect(stopped.code).not.toBe(0);
            expect(stopped.output).toMatch(
              /stopped after step [1-3]?\d; continue with: .*--resume/,
            );
            const { code, output } = await train(family, 2, ["train", "--resume", out]);
            expect([code, output]).toEqual([0, output]);
            expect(weightsOf(out).equals(weightsOf(oneLong))).toBe(true);
          },
        );

        test("another data set at one process ends all before there is a run", async () => {
          const other = await fewScenes(join(folder, `${family}-scenes`), 1);
          const out = join(folder, `${family}-other`);
          const groups = [data, other].map((from) => [...start(out, from), "--mpi"]);
          const { code, output } = await launch(family, 1, main, groups);
          expect(code).not.toBe(0);
          expect(output).toMatch(
            /tag2mask train: rank \d \(.*\): .*: the data set of rank 1 is not that of rank 0: both have \d+ images, but/,
          );
          expect(existsSync(out)).toBe(false);
        });
      });
    }
  },
);
