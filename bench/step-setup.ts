import type { Config } from "../src/method/config.ts";
import type { Batch } from "../src/method/data/sample.ts";
import type { Runtime } from "../src/engine/graph/index.ts";
import type { Afa } from "../src/method/model/index.ts";
import { nodeHost } from "../src/host/node/host.ts";
import { labelPool } from "../src/jobs/plan/label-threads.ts";
import type { LabelPool } from "../src/method/train/label-pool.ts";
import { NetworkState } from "../src/method/train/network-state.ts";
import { Stepper } from "../src/method/train/step.ts";
import { networkOf } from "../src/method/model/network-of.ts";
import { randomBatch, recipe, type Configuration } from "./configurations.ts";
import { now } from "./job.ts";

/** A training about to make its first step. */
export interface StepSetup {
  readonly config: Config;
  readonly network: Afa;
  readonly state: NetworkState;
  /** Null if labels are computed in the training thread. */
  readonly pool: LabelPool | null;
  readonly stepper: Stepper;
  readonly batch: Batch;
}

const seed = 1;

/** Random weights, a batch of noise, and the trainer's own step. @param cores for the runtime and the label threads */
export function setUpStep(
  configuration: Configuration,
  runtime: Runtime,
  cores: number,
): StepSetup {
  const config = recipe(configuration);
  const classes = Array.from({ length: configuration.classes }, (_, i) => `class ${i}`);
  const network = networkOf(config, classes);
  const state = new NetworkState(network, config.train);
  state.load(network.initialize(seed));
  const { parameters } = state;
  const pool = labelPool(nodeHost, network, { config, classes, parameters, cores, device: "cpu" });
  const stepper = new Stepper(runtime, network, state, config, now, pool ?? undefined);
  return { config, network, state, pool, stepper, batch: randomBatch(configuration, seed) };
}
