import { facts } from "./host.ts";
import { serveTasks } from "./serve-tasks.ts";

// A visit loads the code of what it does: masks come without that of a training, trainings without that of exports.
const masks = () => import("./masks.ts");
const training = () => import("./training.ts");
const runs = () => import("./runs.ts");

serveTasks({
  facts,
  openModel: onDemand(async () => (await masks()).openModel),
  closeModel: onDemand(async () => (await masks()).closeModel),
  thumbnail: onDemand(async () => (await masks()).thumbnail),
  segment: onDemand(async () => (await masks()).segment),
  show: async (input, { handOver }) => (await masks()).show(input, handOver),
  exportMasks: onDemand(async () => (await import("./export-masks.ts")).exportMasks),
  inspect: onDemand(async () => (await import("./data.ts")).inspect),
  plan: onDemand(async () => (await import("./settings.ts")).plan),
  train: onDemand(async () => (await training()).train),
  resume: onDemand(async () => (await training()).resume),
  runs: onDemand(async () => (await runs()).listRuns),
  readRun: onDemand(async () => (await runs()).readRun),
  look: onDemand(async () => (await import("./look.ts")).look),
  takeAlong: onDemand(async () => (await import("./luggage.ts")).takeAlong),
  removeRun: onDemand(async () => (await runs()).removeRun),
});

/** A task whose code is loaded when it is first asked for. */
function onDemand<Given extends unknown[], Result>(
  load: () => Promise<(...given: Given) => Promise<Result>>,
): (...given: Given) => Promise<Result> {
  return async (...given) => (await load())(...given);
}
