import type { Runtime } from "../src/engine/graph/index.ts";
import { networkOf } from "../src/method/model/network-of.ts";
import type { StepSeconds } from "../src/method/train/events.ts";
import { NetworkState } from "../src/method/train/network-state.ts";
import { Stepper } from "../src/method/train/step.ts";
import { randomBatch, recipe, type Configuration } from "./configurations.ts";

const seed = 1;
export const stepParts = ["network", "cam", "labels", "optimizer", "total"] as const;
export type PartSeconds = Pick<StepSeconds, (typeof stepParts)[number]>;

/** Steps to make: some that are not measured, then some that are. */
export interface Runs {
  readonly settling: number;
  readonly runs: number;
}

/**
 * Steps on the same noise with the same first weights, each in the dearest phase. Yields the seconds of each that is
 * measured. @param now clock in seconds
 */
export async function* stepSeconds(
  runtime: Runtime,
  configuration: Configuration,
  { settling, runs }: Runs,
  now: () => number,
): AsyncGenerator<StepSeconds> {
  const config = recipe(configuration);
  const network = networkOf(
    config,
    Array.from({ length: configuration.classes }, (_, i) => `class ${i}`),
  );
  const state = new NetworkState(network, config.train);
  state.load(network.initialize(seed));
  const stepper = new Stepper(runtime, network, state, config, now);
  const crops = randomBatch(configuration, seed);
  for (let step = 1; step <= settling + runs; step++) {
    const { seconds } = await stepper.run(step, crops);
    if (step > settling) yield seconds;
  }
  await stepper.release();
}

/** Medians of the parts of steps, and the fastest and the slowest step. */
export function medians(measured: readonly StepSeconds[]): {
  readonly seconds: PartSeconds;
  readonly spread: string;
} {
  const sorted = (part: keyof PartSeconds): number[] =>
    measured.map((seconds) => seconds[part]).sort((a, b) => a - b);
  const median = (part: keyof PartSeconds): number =>
    sorted(part)[Math.floor(measured.length / 2)]!;
  const totals = sorted("total");
  return {
    seconds: Object.fromEntries(stepParts.map((part) => [part, median(part)])) as PartSeconds,
    spread: `${totals[0]!.toFixed(3)} to ${totals.at(-1)!.toFixed(3)} s`,
  };
}
