import type { Choices, RunFacts, Scenes } from "../../protocol.ts";

/** Settings that a form begins with: those of the preset `small`. */
export const smallChoices: Choices = {
  steps: 500,
  crop: 128,
  batch: 8,
  seed: 0,
  device: "auto",
  others: "",
};

/** Scenes of the demo: few and small enough for some minutes on two cores. */
export const demoScenes: Scenes = { count: 240, size: 96 };

export const demoChoices: Choices = {
  ...smallChoices,
  steps: 160,
  crop: 96,
  others: [
    "data.maxSide: 120",
    "eval.longSide: 96",
    "eval.minSide: 96",
    "eval.maxSide: 96",
    "train.validateEvery: 80",
    "train.checkpointEvery: 20",
    "",
  ].join("\n"),
};

/** A name for a training that no other one here has. */
export function freeRunName(wanted: string, runs: readonly Pick<RunFacts, "name">[]): string {
  const base = wanted.replace(/[^\p{L}\p{N}._-]+/gu, "-").slice(0, 60) || "training";
  const used = new Set(runs.map(({ name }) => name.toLowerCase()));
  let name = base;
  for (let n = 2; used.has(name.toLowerCase()); n++) name = `${base}-${n}`;
  return name;
}
