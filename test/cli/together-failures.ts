import { existsSync, readFileSync } from "node:fs";
import { cp, truncate } from "node:fs/promises";
import { join } from "node:path";
import { decodeSafetensors } from "../../src/files/weights/safetensors.ts";
import { launch, type Ended, type Family } from "../host/node/mpi/launch.ts";
import {
  digestOf,
  longTraining,
  processesWith,
  resultOf,
  runAlone,
  signalRank,
  writeFewScenes,
} from "./together-runs.ts";

const failingMain = new URL("failing-main.ts", import.meta.url);
/** Steps of a training that fails. */
const steps = 12;
/** Seconds after which processes that wait for the others end. */
const patience = 10;
/** Most seconds from a failure to the end of all, besides that. */
const bounded = 15;

/** Something that goes wrong at one of two processes. */
export interface Failure {
  readonly name: string;
  /** What is sent to a rank after the third step. */
  readonly signal?: { readonly rank: number; readonly name: NodeJS.Signals };
  /** More arguments of all processes. */
  readonly args?: readonly string[];
  /** What the second process has instead of the images of the first. */
  readonly other?: "broken" | "others";
  /** Whether all processes have broken images. */
  readonly broken?: true;
  /** The line that tells what has happened. */
  readonly line?: RegExp;
  /** Whether the training goes on to its end. */
  readonly survives?: true;
  /** Whether the run, which was not stopped by others, fails again when it is resumed. */
  readonly hopeless?: true;
}

const rank1 = /^tag2mask( train)?: rank 1 \([^)]+\): /;

export const failures: readonly Failure[] = [
  { name: "rank 1 is killed", signal: { rank: 1, name: "SIGKILL" } },
  { name: "rank 0 is killed", signal: { rank: 0, name: "SIGKILL" } },
  {
    name: "rank 1 is stopped",
    signal: { rank: 1, name: "SIGSTOP" },
    line: /^rank 0 \([^)]+\): the other processes have not answered for \d+ s, so this one ends/,
  },
  {
    name: "rank 1 throws",
    signal: { rank: 1, name: "SIGUSR2" },
    line: new RegExp(`${rank1.source}made to throw`),
  },
  {
    name: "rank 1 ends with exit code 0",
    signal: { rank: 1, name: "SIGWINCH" },
    line: /^rank 1 \([^)]+\): ended before the work of all processes was done/,
  },
  {
    name: "losses are not finite",
    args: ["--set", "train.lr=1e30", "--set", "train.checkpointEvery=1"],
    line: /^tag2mask train: rank 0 \([^)]+\): step \d+: the .* (is NaN|is Infinity|is not finite)/,
    hopeless: true,
  },
  { name: "all have broken images", broken: true, survives: true },
  {
    name: "rank 1 has broken images",
    other: "broken",
    survives: true,
  },
  {
    name: "rank 1 has broken images, --strict",
    args: ["--strict"],
    other: "broken",
    line: new RegExp(`${rank1.source}.*\\.png: `),
  },
  {
    name: "rank 1 has other images",
    other: "others",
    line: /^tag2mask train: rank \d \([^)]+\): .*: the data set of rank 1 is not that of rank 0: both have \d+ images, but/,
  },
];

/** Data sets, and the run of one process that others are compared with. */
export interface Reference {
  readonly folder: string;
  readonly data: string;
  readonly digest: string;
  readonly broken: string;
  /** The result with broken images. */
  readonly brokenDigest: () => string;
}

/** Prepares what all failures share. */
export async function prepareReference(folder: string): Promise<Reference> {
  const data = await writeFewScenes(join(folder, "scenes"));
  const digest = trainAlone(data, join(folder, "one"));
  const broken = join(folder, "broken");
  await cp(data, broken, { recursive: true });
  // Their headers are whole, so only the training finds out.
  for (const image of ["scene-0003.png", "scene-0008.png"])
    await truncate(join(broken, "images", image), 600);
  await writeFewScenes(join(folder, "others"), 1);
  let brokenDigest: string | undefined;
  return {
    ...{ folder, data, digest, broken },
    brokenDigest: () => (brokenDigest ??= trainAlone(broken, join(folder, "one-broken"))),
  };
}

function trainAlone(data: string, out: string): string {
  const { code, output } = runAlone(longTraining(data, out, steps));
  if (code !== 0) throw new Error(output);
  return digestOf(out);
}

/** What a failure did to all processes. */
export interface Outcome {
  /** Seconds from the failure, where its moment is known, to the end of all. */
  readonly seconds: number | undefined;
  readonly code: number | null;
  /** What is wrong; empty if everything is as promised. */
  readonly problems: readonly string[];
}

/** Lets a training of two processes fail, and looks at what is left. */
export async function tryFailure(
  family: Family,
  failure: Failure,
  reference: Reference,
): Promise<Outcome> {
  const out = join(reference.folder, `${family} ${failure.name}`.replaceAll(/\W+/g, "-"));
  const first = failure.broken ? reference.broken : reference.data;
  const folders = { broken: reference.broken, others: join(reference.folder, "others") };
  const second = failure.other ? folders[failure.other] : first;
  const groups = [first, second].map((data) => [
    ...longTraining(data, out, steps),
    ...[...(failure.args ?? []), "--mpi", "--json"],
  ]);
  let failed: number | undefined;
  const { signal } = failure;
  const { code, output } = await launch(family, 1, failingMain, groups, {
    env: { TAG2MASK_MPI_TIMEOUT: String(patience) },
    onOutput(text) {
      if (!signal || failed !== undefined || !text.includes('"type":"step","step":2,')) return;
      failed = performance.now();
      signalRank(out, signal.rank, signal.name);
    },
  });
  const seconds = failed === undefined ? undefined : (performance.now() - failed) / 1000;
  const problems = [
    ...endProblems(failure, { code, output }),
    ...(signal && failed === undefined ? ["ended before it was made to fail"] : []),
    ...(seconds !== undefined && seconds > patience + bounded ? ["took too long to end"] : []),
    ...(await leftOver(out)),
    ...(failure.survives
      ? survivorProblems(failure, out, output, reference)
      : resumeProblems(failure, out, first, reference)),
  ];
  return { seconds, code, problems: problems.map((problem) => `${problem}\n${output}`) };
}

function endProblems(failure: Failure, { code, output }: Ended): string[] {
  const { line, survives } = failure;
  const lines = output.split("\n").filter((text) => line?.test(text));
  return [
    ...((code === 0) === (survives === true) ? [] : [`exit code ${code}`]),
    ...(line && lines.length === 0 ? [`no line ${line}`] : []),
    ...(!survives && lines.length > 1 ? ["told more than once"] : []),
  ];
}

/** The system may take a moment to remove those that were killed. */
async function leftOver(out: string): Promise<string[]> {
  for (const end = performance.now() + 5000; performance.now() < end;) {
    if (processesWith(out).length === 0) return [];
    await new Promise((resolve) => setImmediate(resolve));
  }
  return ["processes are left over"];
}

/** A training that goes on names each image once; one with the same broken images everywhere equals that of one process. */
function survivorProblems(
  { broken }: Failure,
  out: string,
  output: string,
  reference: Reference,
): string[] {
  const skipped = resultOf(output)["skipped"] as readonly string[] | undefined;
  const named = skipped?.map((text) => /scene-\d+\.png/.exec(text)?.[0]).sort();
  const expected = broken ? "scene-0003.png,scene-0008.png" : named?.join();
  return [
    ...(named?.join() === expected && named?.length ? [] : [`left out ${named?.join()}`]),
    ...(!broken || digestOf(out) === reference.brokenDigest() ? [] : ["other weights"]),
  ];
}

/** The last checkpoint is whole, and one process goes on from it to the weights of a training that never failed. */
function resumeProblems(
  { signal, other, hopeless }: Failure,
  out: string,
  data: string,
  { digest }: Reference,
): string[] {
  if (other === "others") return existsSync(out) ? ["a run is left"] : [];
  const last = join(out, "weights", "last.safetensors");
  try {
    // Broken images come before the first checkpoint.
    if (signal || existsSync(last)) decodeSafetensors(readFileSync(last), last);
  } catch (error) {
    return [`the checkpoint cannot be read: ${String(error)}`];
  }
  if (hopeless) return [];
  const resumed = runAlone(["train", "--resume", out, "--data", data]);
  if (resumed.code !== 0) return [`cannot be resumed: ${resumed.output}`];
  return digestOf(out) === digest ? [] : ["other weights after it was resumed"];
}
