import { loadavg } from "node:os";
import { parseArgs } from "node:util";
import { sizeOf, type Tensor, writeModel } from "../src/engine/graph/index.ts";
import { topological } from "../src/engine/graph/topological.ts";
import { resolve } from "../src/engine/graph/tensor.ts";
import { textTable } from "../src/files/text/columns.ts";
import { nodeRuntime } from "../src/host/node/ort/runtime.ts";
import { batchFeeds, partOf } from "../src/method/train/batch-feeds.ts";
import { NetworkState } from "../src/method/train/network-state.ts";
import { stepTensors, type StepGraphOptions } from "../src/method/train/step-graph.ts";
import { Stepper } from "../src/method/train/step.ts";
import { fusedTensors } from "../src/method/train/synchronized-norm.ts";
import type { Config } from "../src/method/config.ts";
import { networkOf } from "../src/method/model/network-of.ts";
import { configurations, randomBatch, recipe, type Configuration } from "./configurations.ts";
import { now } from "./job.ts";

// What a synchronized BatchNorm (train.syncNorm) changes and costs: the distance of a step's gradients from those of the whole
// batch, and the seconds that processors take for it. Then what it would cost to keep the values that the gradient needs instead of
// computing the features again.
const { values } = parseArgs({
  options: {
    only: { type: "string", default: "mit_small/128/8,mit_b0/160/2,mit_b1/320/2" },
    micro: { type: "string", default: "1" },
    rounds: { type: "string", default: "9" },
    threads: { type: "string", default: "1" },
  },
});
const micro = Number(values.micro);
const rounds = Number(values.rounds);
const runtime = nodeRuntime({ threads: Number(values.threads) });

/** Seconds of processors that this process has used: those of the clock say little on a busy machine. */
const processors = (): number => {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
};

const median = (numbers: readonly number[]): number =>
  [...numbers].sort((a, b) => a - b)[Math.floor(numbers.length / 2)]!;

const classesOf = ({ classes }: Configuration): string[] =>
  Array.from({ length: classes }, (_, i) => `class ${i}`);

function trainee(configuration: Configuration, train: Partial<Config["train"]>) {
  const base = recipe(configuration);
  const config = { ...base, train: { ...base.train, labelWorkers: 0, ...train } };
  const network = networkOf(config, classesOf(configuration));
  const state = new NetworkState(network, config.train);
  const stepper = new Stepper(runtime, network, state, config, now);
  const weights = network.initialize(1);
  return {
    state,
    stepper,
    /** The first step from the same weights. */
    async first() {
      state.load(weights);
      return stepper.run(1, randomBatch(configuration, 1));
    },
  };
}

/** Distance of the gradients of some parameters from those of another state, of their norm. */
function distance(a: NetworkState, b: NetworkState, prefix: string): number {
  let [difference, norm] = [0, 0];
  for (const [name, { data }] of Object.entries(b.gradients)) {
    if (!name.startsWith(`grad.${prefix}`)) continue;
    const own = a.gradients[name]!.data as Float32Array;
    (data as Float32Array).forEach((value, i) => {
      difference += (own[i]! - value) ** 2;
      norm += value ** 2;
    });
  }
  return Math.sqrt(difference / norm);
}

async function compare(configuration: Configuration): Promise<string[][]> {
  const whole = trainee(configuration, { microBatch: 0 });
  await whole.first();
  await whole.stepper.rest();
  const kinds = [false, true].map((syncNorm) => ({
    ...trainee(configuration, { microBatch: micro, syncNorm }),
    syncNorm,
    seconds: [] as number[],
  }));
  // In turn, so that a busy minute does not affect one kind alone; the first round compiles and allocates.
  for (let round = 0; round <= rounds; round++) {
    for (const { first, seconds } of kinds) {
      const start = processors();
      await first();
      if (round > 0) seconds.push(processors() - start);
    }
  }
  const rows = kinds.map(({ state, syncNorm, seconds }) => [
    ...[configuration.name, syncNorm ? "whole batch" : "micro-batch"],
    distance(state, whole.state, "decoder").toExponential(1),
    distance(state, whole.state, "encoder").toExponential(1),
    `${median(seconds).toFixed(2)} s`,
    (median(seconds) / median(kinds[0]!.seconds)).toFixed(2),
  ]);
  for (const { stepper } of [whole, ...kinds]) await stepper.release();
  return rows;
}

/** The tensor whose memory this one shares. */
function storageOf(tensor: Tensor): Tensor {
  let value = resolve(tensor);
  while (value.source.kind === "node" && value.source.node.operator === "Reshape")
    value = resolve(value.source.node.inputs[0]!);
  return value;
}

/** Values of the pass up to the norm that the rest of a step reads, weights left out. */
function keptValues(outputs: readonly Tensor[], fused: readonly Tensor[]): Tensor[] {
  const forward = new Set(topological(fused));
  const kept = new Set<Tensor>();
  for (const node of topological(outputs)) {
    if (forward.has(node)) continue;
    for (const tensor of node.inputs) {
      const value = tensor && storageOf(tensor);
      if (value?.source.kind === "node" && forward.has(value.source.node)) kept.add(value);
    }
  }
  return [...kept];
}

async function probe(configuration: Configuration): Promise<string[]> {
  const config = recipe(configuration);
  const { data, model } = config;
  const network = networkOf(config, classesOf(configuration));
  const step: StepGraphOptions = {
    ...{ batch: micro, crop: data.crop, whole: data.batch, kind: "full" },
    ...{ dropPath: model.dropPath > 0, dropout: model.dropout > 0 },
    learned: new NetworkState(network, config.train).learned,
  };
  // The pass up to the norm is found in the graph of the step itself, whose statistics come from it.
  const { outputs } = stepTensors(network, step);
  const before = outputs["bn.variance"]!;
  const kept = keptValues(Object.values(outputs), [before]);
  const bytes = kept.reduce((sum, { shape }) => sum + 4 * sizeOf(shape as number[]), 0);
  const feeds = {
    ...network.initialize(1),
    ...partOf(batchFeeds(randomBatch(configuration, 1), 1, network, config), 0, data.batch / micro),
  };
  const time = async (
    fetched: Readonly<Record<string, Tensor>>,
  ): Promise<() => Promise<number>> => {
    const session = await runtime.createSession(writeModel(fetched));
    const fetches = Object.fromEntries(Object.keys(fetched).map((name) => [name, null]));
    return async () => {
      const start = processors();
      await session.run(feeds, fetches);
      return processors() - start;
    };
  };
  const plain = await time(fusedTensors(network, step));
  const named = Object.fromEntries(kept.map((tensor, i) => [`kept.${i}`, tensor]));
  const keeping = await time({ variance: before, ...named });
  const [plainSeconds, keepingSeconds]: [number[], number[]] = [[], []];
  for (let round = 0; round <= rounds; round++) {
    const pair = [await plain(), await keeping()] as const;
    if (round === 0) continue;
    plainSeconds.push(pair[0]);
    keepingSeconds.push(pair[1]);
  }
  const parts = data.batch / micro;
  const map = 4 * micro * (data.crop / 4) ** 2 * network.decoder.width;
  return [
    configuration.name,
    `${(1e3 * median(plainSeconds)).toFixed(0)} ms`,
    `${(map / 1e6).toFixed(1)} MB`,
    `${(1e3 * median(keepingSeconds)).toFixed(0)} ms`,
    `${(bytes / 1e6).toFixed(0)} MB`,
    `${((parts * bytes) / 1e6).toFixed(0)} MB`,
  ];
}

const chosen = values.only
  .split(",")
  .map((name) => configurations.find((configuration) => configuration.name === name)!);
const costs: string[][] = [];
const probes: string[][] = [];
for (const configuration of chosen) {
  costs.push(...(await compare(configuration)));
  probes.push(await probe(configuration));
}
console.log(
  `micro-batches of ${micro}, ${values.threads} thread, seconds of processors, medians of ${rounds} rounds; load ${loadavg()[0]!.toFixed(1)}\n`,
);
const titles = ["network/crop/batch", "statistics of", "decoder", "encoder", "step", "ratio"];
console.log(textTable([titles, ...costs]));
const more = ["features", "handed over", "with values kept", "bytes kept", "for the batch"];
console.log(`\n${textTable([["network/crop/batch", ...more], ...probes])}`);
