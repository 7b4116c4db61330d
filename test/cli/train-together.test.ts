import { existsSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { installedFamilies } from "../host/node/mpi/installed-families.ts";
import { launch, type Family } from "../host/node/mpi/launch.ts";
import { temporaryFolder } from "./scenes.ts";
import { failures, prepareReference, tryFailure, type Reference } from "./together-failures.ts";
import {
  digestOf,
  logOf,
  longTraining,
  mainFile,
  runAlone,
  shortTraining,
  signalRank,
  writeFewScenes,
} from "./together-runs.ts";

const folder = temporaryFolder();
const one = join(folder, "one-short");
let reference: Reference;

const families = installedFamilies();

/**
 * What each library shows here, as every process takes a second to start: bench/mpi-hashes.ts and bench/mpi-failures.ts show all
 * with both.
 */
const shown: Readonly<Record<Family, { readonly ranks: number; readonly failure: string }>> = {
  openmpi: { ranks: 2, failure: "rank 1 is stopped" },
  mpich: { ranks: 4, failure: "rank 1 is killed" },
};

describe.runIf(families.some(({ installed }) => installed))("training over MPI", () => {
  beforeAll(async () => {
    reference = await prepareReference(folder);
    const { code, output } = runAlone(shortTraining(reference.data, one));
    expect([code, output]).toEqual([0, output]);
  }, 120_000);

  for (const { family, installed } of families) {
    const { ranks, failure } = shown[family];
    describe.runIf(installed)(family, () => {
      test(`${ranks} processes have the log and the weights of one`, async () => {
        const out = join(folder, `${family}-${ranks}`);
        const args = [...shortTraining(reference.data, out), "--mpi"];
        const { code, output } = await launch(family, ranks, mainFile, args);
        expect([code, output]).toEqual([0, output]);
        expect(output).toMatch(
          new RegExp(`${ranks} processes share each batch of 8 crops; they learn bit for bit`),
        );
        expect(output).toMatch(/step 5\/5 .* exchange \d+ %/);
        expect(logOf(out)).toEqual(logOf(one));
        expect(digestOf(out)).toBe(digestOf(one));
      });

      test(`two of which one fails leave a run that goes on: ${failure}`, async () => {
        const tried = failures.find(({ name }) => name === failure)!;
        expect(await tryFailure(family, tried, reference)).toMatchObject({ problems: [] });
      });
    });
  }

  const [first] = families.filter(({ installed }) => installed);

  test("with a synchronized BatchNorm, two processes have the weights of one", async () => {
    const { family } = first!;
    const set = ["--set", "train.syncNorm=true"];
    const [alone, out] = [join(folder, "norm-one"), join(folder, "norm-two")];
    const ended = runAlone([...shortTraining(reference.data, alone), ...set]);
    expect([ended.code, ended.output]).toEqual([0, ended.output]);
    const args = [...shortTraining(reference.data, out), ...set, "--mpi"];
    const { code, output } = await launch(family, 2, mainFile, args);
    expect([code, output]).toEqual([0, output]);
    expect(logOf(out)).toEqual(logOf(alone));
    expect(digestOf(out)).toBe(digestOf(alone));
    // The setting takes part.
    expect(digestOf(alone)).not.toBe(digestOf(one));
  });

  test("four that are told to stop save a checkpoint, and two and then one go on to the same weights", async () => {
    const { family } = first!;
    const out = join(folder, "stopped");
    const start = longTraining(reference.data, out, 12);
    for (const { ranks, step, args } of [
      { ranks: 4, step: 0, args: start },
      { ranks: 2, step: 5, args: ["train", "--resume", out] },
    ]) {
      let told = false;
      const { code, output } = await launch(family, ranks, mainFile, [...args, "--mpi", "--json"], {
        onOutput(text) {
          if (told || !text.includes(`"type":"step","step":${step},`)) return;
          told = true;
          // Whichever process gets the signal.
          signalRank(out, ranks - 1, "SIGUSR1");
        },
      });
      expect([code, output]).toEqual([expect.any(Number), output]);
      expect(output).toMatch(/stopped after step \d+; continue with: .*--resume/);
    }
    const { code, output } = runAlone(["train", "--resume", out]);
    expect([code, output]).toEqual([0, output]);
    expect(digestOf(out)).toBe(reference.digest);
  });

  test("another data set at one process ends all before there is a run", async () => {
    const { family } = first!;
    const other = await writeFewScenes(join(folder, "other-scenes"), 1);
    const out = join(folder, "other");
    const groups = [reference.data, other].map((data) => [...shortTraining(data, out), "--mpi"]);
    const { code, output } = await launch(family, 1, mainFile, groups);
    expect(code).not.toBe(0);
    expect(output).toMatch(
      /tag2mask train: rank 0 \(.*\): .*: the data set of rank 1 is not that of rank 0: both have \d+ images, but/,
    );
    expect(existsSync(out)).toBe(false);
  });
});
