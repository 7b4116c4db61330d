import type { Config } from "../config.ts";
import type { Batch } from "../data/sample.ts";
import { fastestLayout } from "../inference/fastest-layout.ts";
import {
  type Feeds,
  type NdArray,
  type Runtime,
  float32,
  hasMemory,
} from "../../engine/graph/index.ts";
import type { Afa } from "../model/index.ts";
import { thresholdsOf, type Thresholds } from "../labels/index.ts";
import { DeviceLearner } from "./device-learner.ts";
import { EnergyPass, type EnergyInput } from "./energy.ts";
import type { StepEvent } from "./events.ts";
import {
  batchFeeds,
  labelCountsOfAll,
  labelFeeds,
  partOf,
  type BatchFeeds,
} from "./batch-feeds.ts";
import { labelInputs } from "./label-inputs.ts";
import { LabelMaker, type LabelInput, type LabelSource, type StepLabels } from "./labels.ts";
import { HostLearner } from "./host-learner.ts";
import { alone, gatherTexts, TimedExchange, type Exchange } from "../../host/exchange.ts";
import type { Learner } from "./learner.ts";
import { StagedLearner } from "./staged-learner.ts";
import type { NetworkState } from "./network-state.ts";
import { ratesAt } from "./parameter-groups.ts";
import { computesAllLosses, lossWeights, phaseAt, type Phase } from "./phase.ts";
import { MicroBatchSums, partsOf, synchronizesNorm } from "./micro-batch-sums.ts";
import {
  buildStep,
  type PassOptions,
  type StepGraph,
  type StepGraphOptions,
  type StepKind,
} from "./step-graph.ts";
import { SynchronizedNorm, type NormStatistics } from "./synchronized-norm.ts";

export interface StepResult extends Pick<
  StepEvent,
  "losses" | "learningRate" | "phase" | "seconds"
> {
  /** Labels of each crop of the batch; empty in a classification step. */
  readonly labels: readonly StepLabels[];
  /** Pairs counted by the affinity loss, plus 1 each. */
  readonly pairs: { readonly positive: number; readonly negative: number } | null;
}

interface CompiledStep {
  readonly kind: StepKind;
  readonly graph: StepGraph;
  readonly energy: EnergyPass | null;
  /** Makes the decoder's BatchNorm see all micro-batches; null if it sees each by itself. */
  readonly norm: SynchronizedNorm | null;
}

/** One training step (method 2): labels, losses, gradients, AdamW. */
export class Stepper {
  private compiled: CompiledStep | null = null;
  private readonly labels: LabelSource;
  private thresholds: Thresholds;
  private readonly learner: Learner;
  private readonly exchange: TimedExchange;

  constructor(
    private readonly runtime: Runtime,
    private readonly network: Afa,
    private readonly state: NetworkState,
    private readonly config: Config,
    /** Clock in seconds. */
    private readonly now: () => number,
    /** Makes the labels; by default in the calling thread. */
    labels?: LabelSource,
    /** The processes that share the batches of the training; each has its own crops of them. */
    exchange: Exchange = alone,
  ) {
    this.exchange = new TimedExchange(exchange, now);
    this.thresholds = thresholdsOf(config);
    this.learner = learnerOn(runtime, state, exchange);
    this.labels = labels ?? new LabelMaker(runtime, network, state.feeds, config, now);
  }

  /**
   * Trains one step on a batch: labels, then losses and gradients, then the update. Throws before any weight changes if
   * a loss is not finite.
   * @param batch the crops of this process
   * @param segLabels segmentation labels that replace those made by the network, [n, crop, crop]
   */
  async run(step: number, batch: Batch, segLabels?: Uint8Array): Promise<StepResult> {
    const { config, state, now, exchange } = this;
    const start = now();
    const exchangedBefore = exchange.seconds;
    const phase = phaseAt(step, config.train);
    await this.learner.begin();
    const kind: StepKind = computesAllLosses(phase, config.train) ? "full" : "classification";

    const inputs = kind === "full" ? labelInputs(batch, this.network.classes) : [];
    const { labels, seconds: labelSeconds } = await this.labels.make(
      inputs,
      phase,
      this.thresholds,
    );
    const labelsEnd = now();
    // The seconds of several threads sum to more than have passed, so the elapsed time is divided in proportion.
    const secondsPerUnit = (labelsEnd - start) / (labelSeconds.cam + labelSeconds.labels || 1);

    const feeds = {
      ...batchFeeds(batch, step, this.network, config, exchange),
      ...(kind === "full" && labelFeeds(labels, batch.crop, segLabels)),
    };
    const energyInputs = energyInputsOf(inputs, labels, segLabels);
    const { sums, statistics } = await this.compute(kind, feeds, energyInputs, phase);
    const losses = {
      cls: sums.loss("cls")!,
      seg: sums.loss("seg"),
      affinity: sums.loss("affinity"),
      energy: sums.loss("energy"),
      total: sums.loss("total")!,
    };
    await checkFinite(step, losses, batch.names, exchange);
    const lossesEnd = now();
    const exchanged = exchange.seconds - exchangedBefore;

    const rates = ratesAt(step, config.train);
    const nonFinite = await this.learner.update(rates);
    if (nonFinite.length > 0) {
      throw new RangeError(
        `train: step ${step}: the gradient of ${nonFinite[0]} is not finite (${nonFinite.length} tensors in all); ` +
          `resume from the last checkpoint with a lower train.lr`,
      );
    }
    // The BatchNorm sees the features at a quarter of the crop's side.
    const rows = batch.size * exchange.size * (batch.crop / 4) ** 2;
    state.moveStatistics(...statistics, rows);
    const end = now();
    return {
      losses,
      phase,
      learningRate: rates.encoder.learningRate,
      labels,
      pairs: sums.pairs(),
      seconds: {
        data: 0,
        cam: labelSeconds.cam * secondsPerUnit,
        labels: labelSeconds.labels * secondsPerUnit,
        network: lossesEnd - labelsEnd - exchanged,
        optimizer: end - lossesEnd,
        ...(exchange.size > 1 && { exchange: exchanged }),
        total: end - start,
      },
    };
  }

  /** Makes the labels of the following steps with these thresholds. */
  useThresholds(thresholds: Thresholds): void {
    this.thresholds = thresholds;
  }

  /** Copies weights and moments to the network's state; before that they may exist only on the device. */
  download(): Promise<void> {
    return this.learner.download();
  }

  /** Frees everything but weights and moments; the next step creates it again. */
  async rest(): Promise<void> {
    await this.drop();
    await this.labels.rest();
  }

  /** Frees everything; weights that were not downloaded are lost. */
  async release(): Promise<void> {
    await this.rest();
    await this.learner.release();
  }

  /** Computes losses and gradients of a batch, part by part; the gradients stay with the learner. */
  private async compute(
    kind: StepKind,
    feeds: BatchFeeds,
    energyInputs: readonly EnergyInput[],
    phase: Phase,
  ): Promise<{ sums: MicroBatchSums; statistics: NormStatistics }> {
    const { exchange } = this;
    const parts = partsOf(this.config) / exchange.size;
    const { graph, energy, norm } = await this.compiledFor(kind);
    const shared: Record<string, NdArray> =
      kind === "full" ? { loss_weights: float32([3], lossWeights(phase, this.config.loss)) } : {};
    if (kind === "full" && partsOf(this.config) > 1)
      shared["loss_counts"] = await labelCountsOfAll(feeds, exchange);

    const feedsOf = (part: number): Record<string, NdArray> => ({
      ...shared,
      ...(parts === 1 ? feeds : partOf(feeds, part, parts)),
    });
    const energyFeeds = async (part: number, own: Feeds): Promise<Record<string, NdArray>> => {
      if (!energy) return {};
      const first = part * this.partSize;
      const crops = energyInputs.slice(first, first + this.partSize);
      return { energy_gradient: await energy.gradient(own, crops) };
    };
    const whole = norm && (await norm.synchronize(parts, feedsOf, energyFeeds, exchange));
    const sums = new MicroBatchSums(graph.outputs);
    for (let part = 0; part < parts; part++) {
      const own = feedsOf(part);
      const more = whole ? whole.feedsOf(part) : await energyFeeds(part, own);
      sums.add(await this.learner.pass({ ...own, ...more }, part));
    }
    await this.learner.total(exchange);
    const all = await sums.everywhere(exchange);
    return { sums: all, statistics: whole?.statistics ?? all.statistics() };
  }

  /** Number of crops computed at once. */
  private get partSize(): number {
    const { data, train } = this.config;
    return train.microBatch > 0 ? train.microBatch : data.batch;
  }

  /** Only one step graph is kept: each holds the activations of all crops computed at once. */
  private async compiledFor(kind: StepKind): Promise<CompiledStep> {
    if (this.compiled?.kind === kind) return this.compiled;
    await this.drop();
    const { runtime, network, state, partSize } = this;
    const { model, data, loss } = this.config;
    const pass: PassOptions = {
      batch: partSize,
      crop: data.crop,
      dropPath: model.dropPath > 0,
      dropout: model.dropout > 0,
      layout: await fastestLayout(runtime, "convolution"),
      // The classification loss alone does not reach the decoder.
      synchronized: kind === "full" && synchronizesNorm(this.config),
    };
    const energy =
      kind === "full" && loss.regularization > 0
        ? new EnergyPass(runtime, network, state.feeds, pass, data.batch)
        : null;
    const step: StepGraphOptions = {
      ...{ ...pass, kind, whole: data.batch, energy: energy !== null, learned: state.learned },
    };
    const graph = buildStep(network, step);
    await this.learner.prepare(graph);
    const norm = pass.synchronized
      ? new SynchronizedNorm(runtime, network, state.feeds, step)
      : null;
    this.compiled = { kind, graph, energy, norm };
    return this.compiled;
  }

  private async drop(): Promise<void> {
    const { compiled } = this;
    this.compiled = null;
    await this.learner.rest();
    await compiled?.energy?.release();
    await compiled?.norm?.release();
  }
}

function learnerOn(runtime: Runtime, state: NetworkState, { size }: Exchange): Learner {
  if (!hasMemory(runtime)) return new HostLearner(runtime, state);
  return size > 1 ? new StagedLearner(runtime, state) : new DeviceLearner(runtime, state);
}

/** Crops for the dense energy, each with the label that its segmentation learns from. */
function energyInputsOf(
  inputs: readonly LabelInput[],
  labels: readonly StepLabels[],
  segLabels: Uint8Array | undefined,
): EnergyInput[] {
  return inputs.map(({ image, box }, i) => {
    const { seg } = labels[i]!;
    if (!segLabels) return { image, box, label: seg };
    const size = seg.data.length;
    return { image, box, label: { ...seg, data: segLabels.subarray(i * size, (i + 1) * size) } };
  });
}

/** Throws in all processes at once, as all have the losses of the whole batch. @param names images of this process */
async function checkFinite(
  step: number,
  losses: StepResult["losses"],
  names: readonly string[],
  exchange: Exchange,
): Promise<void> {
  const found = Object.entries(losses).find(
    ([, value]) => value !== null && !Number.isFinite(value),
  );
  if (!found) return;
  const [name, value] = found;
  const all = await gatherTexts(exchange, names.join(", "));
  throw new RangeError(
    `train: step ${step}: the ${name} loss is ${value} (images ${all.join(", ")}); ` +
      `resume from the last checkpoint with a lower train.lr`,
  );
}
