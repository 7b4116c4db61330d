import { fewerKernels, kernelCounts, type Tensor } from "../src/engine/graph/index.ts";
import { cropActivations } from "../src/method/inference/activations.ts";
import { networkOf } from "../src/method/model/network-of.ts";
import { adamwTensors, blocksOf } from "../src/method/train/device-adamw.ts";
import { stepTensors } from "../src/method/train/step-graph.ts";
import { recipe, type Configuration } from "./configurations.ts";

type Counts = Readonly<Record<string, number>>;

/** Operators of a training step that start kernels, in the graphs as a CPU gets them and as a GPU gets them, as Markdown. */
export function operatorTable(configuration: Configuration): string {
  const [plain, gpu] = [countsOf(configuration, "maps"), countsOf(configuration, "gpu")];
  const lines = ["| | plain | for a GPU | |", "| --- | ---: | ---: | ---: |"];
  const line = (name: string, before: number, after: number): void => {
    const change = Math.round(100 * (after / before - 1));
    lines.push(`| ${name} | ${before} | ${after} | ${before > 0 ? `${change} %` : ""} |`);
  };
  for (const part of ["cam", "network", "optimizer"] as const)
    line(part, total(plain[part]), total(gpu[part]));
  const all = (of: typeof plain): Counts => sum(Object.values(of));
  const [before, after] = [all(plain), all(gpu)];
  line("step", total(before), total(after));
  const names = Object.keys({ ...before, ...after }).sort(
    (a, b) => (before[b] ?? 0) - (before[a] ?? 0),
  );
  for (const name of names) line(name, before[name] ?? 0, after[name] ?? 0);
  return lines.join("\n");
}

function countsOf(configuration: Configuration, layout: "maps" | "gpu") {
  const config = recipe(configuration);
  const { data, model, pseudo } = config;
  const classes = Array.from({ length: configuration.classes }, (_, i) => `class ${i}`);
  const network = networkOf(config, classes);
  const count = (outputs: Readonly<Record<string, Tensor>>): Counts =>
    kernelCounts(Object.values(layout === "gpu" ? fewerKernels(outputs) : outputs));
  const crops = layout === "gpu" ? data.batch : 1;
  const cam = count(
    cropActivations(network, { scales: pseudo.scales, side: data.crop, crops }, layout),
  );
  const pass = { batch: data.batch, crop: data.crop, layout };
  const noise = { dropPath: model.dropPath > 0, dropout: model.dropout > 0 };
  const learned = network.trainable;
  const { outputs } = stepTensors(network, { ...pass, ...noise, kind: "full", learned });
  const parts = learned.map(({ name, shape, group }, index) => {
    return { name, index, group, size: shape.reduce((a, b) => a * b, 1) };
  });
  const blocks = blocksOf(parts, ({ group }) => group);
  const { values, poisons } = adamwTensors(blocks, { betas: [0.9, 0.999], eps: 1e-8 });
  const runs = Array<Counts>(data.batch / crops).fill(cam);
  return { cam: sum(runs), network: count(outputs), optimizer: count({ ...values, ...poisons }) };
}

function sum(all: readonly Counts[]): Counts {
  const sums: Record<string, number> = {};
  for (const counts of all)
    for (const [name, count] of Object.entries(counts)) sums[name] = (sums[name] ?? 0) + count;
  return sums;
}

function total(counts: Counts): number {
  return Object.values(counts).reduce((a, b) => a + b, 0);
}
