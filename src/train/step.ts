import type { Config } from "../config.ts";
import { normalize, normalizeToChannelsFirst } from "../data/normalize.ts";
import type { Batch } from "../data/sample.ts";
import { ActivationPass } from "../eval/activations.ts";
import type { NdArray, Runtime, Session } from "../graph/index.ts";
import type { Afa } from "../model/index.ts";
import type { Box } from "../pseudo/index.ts";
import { Random } from "../random.ts";
import type { Phase, StepEvent } from "./events.ts";
import { LabelMaker, type StepLabels } from "./labels.ts";
import type { NetworkState } from "./network-state.ts";
import { buildStep, type StepGraph, type StepKind } from "./step-graph.ts";

export interface StepResult extends Pick<
  StepEvent,
  "losses" | "learningRate" | "phase" | "seconds"
> {
  /** Labels of each crop of the batch; none in a classification step. */
  readonly labels: readonly StepLabels[];
  /** Pairs that the affinity loss counted, plus 1. */
  readonly pairs: { readonly positive: number; readonly negative: number } | null;
}

/** One training step (method section 8): labels, losses, gradients, AdamW. */
export class Stepper {
  private compiled: { kind: StepKind; graph: StepGraph; session: Session } | null = null;
  private readonly labelMaker: LabelMaker;
  private readonly activations: ActivationPass;
  /** Names of what L_cls depends on: encoder and classifier. */
  private readonly classified: ReadonlySet<string>;

  constructor(
    private readonly runtime: Runtime,
    private readonly network: Afa,
    private readonly state: NetworkState,
    private readonly config: Config,
    /** Clock in seconds. */
    private readonly now: () => number,
  ) {
    this.activations = new ActivationPass(runtime, network, state.parameters, {
      scales: config.pseudo.scales,
      side: config.data.crop,
    });
    const names = state.learned.map((p) => p.name);
    this.classified = new Set(names.filter((name) => /^(encoder|classifier)\./.test(name)));
    this.labelMaker = new LabelMaker(this.activations, config);
  }

  /** What a step trains; steps count from 0. */
  phase(step: number): Phase {
    const { camSteps, affinitySteps } = this.config.train;
    return step <= camSteps ? "classification" : step <= affinitySteps ? "pseudo" : "affinity";
  }

  /**
   * Makes step number `step` with a batch. Throws, with the weights untouched, where a loss is not finite.
   * @param given segmentation labels to learn from instead of the network's own, [n, crop, crop]
   */
  async run(step: number, batch: Batch, given?: Uint8Array): Promise<StepResult> {
    const { config, state, now } = this;
    const start = now();
    const phase = this.phase(step);
    const full = phase !== "classification" || config.train.warmupLosses;
    const { graph, session } = await this.session(full ? "full" : "classification");
    const { size: n, crop } = batch;

    const spent = { cam: 0, labels: 0 };
    const labels = full ? await this.makeLabels(batch, phase, spent) : [];
    const labelled = now();

    const feeds: Record<string, NdArray> = {
      ...state.parameters,
      image: floats([n, crop, crop, 3], normalize(batch.images, config.data)),
      tags: floats([n, this.network.classes], batch.tags),
      ...this.noise(step, n),
      ...(full && labelFeeds(labels, crop, given)),
      ...(full && { loss_weights: floats([2], this.lossWeights(phase)) }),
    };
    const fetches: Record<string, NdArray | null> = {};
    for (const name of Object.keys(graph.outputs)) fetches[name] = null;
    for (const name of graph.gradients) fetches[`grad.${name}`] = state.gradients[`grad.${name}`]!;
    const results = await session.run(feeds, fetches);
    const number = (name: string): number => results[name]!.data[0] as number;
    const losses = {
      cls: number("loss.cls"),
      seg: full ? number("loss.seg") : null,
      affinity: full ? number("loss.affinity") : null,
      total: number("loss.total"),
    };
    checkFinite(step, losses, batch.names);
    const ran = now();

    const rates = state.rates(step);
    // In the classification phase the loss is L_cls alone, even where the others are computed too.
    const reached = phase === "classification" ? this.classified : undefined;
    const spoilt = state.optimizer.step(rates, reached);
    if (spoilt.length > 0) {
      throw new RangeError(
        `train: step ${step}: the gradient of ${spoilt[0]} is not finite (${spoilt.length} tensors in all); ` +
          `resume from the last checkpoint with a lower train.lr`,
      );
    }
    const bn = (name: string): Float32Array => results[`bn.${name}`]!.data as Float32Array;
    state.moveStatistics(bn("mean"), bn("variance"), n * (crop / 4) ** 2);
    const end = now();
    return {
      losses,
      phase,
      learningRate: rates.encoder.learningRate,
      labels,
      pairs: full
        ? { positive: number("pairs.positive"), negative: number("pairs.negative") }
        : null,
      seconds: {
        data: 0,
        cam: spent.cam,
        labels: spent.labels,
        network: ran - labelled,
        optimizer: end - ran,
        total: end - start,
      },
    };
  }

  async release(): Promise<void> {
    await this.compiled?.session.release();
    this.compiled = null;
    await this.activations.release();
  }

  private lossWeights(phase: Phase): Float32Array {
    const { seg, affinity } = this.config.loss;
    return phase === "classification" ? new Float32Array(2) : Float32Array.of(seg, affinity);
  }

  private async makeLabels(
    batch: Batch,
    phase: Phase,
    spent: { cam: number; labels: number },
  ): Promise<StepLabels[]> {
    const { crop } = batch;
    const pixels = crop * crop * 3;
    const out: StepLabels[] = [];
    for (let i = 0; i < batch.size; i++) {
      const data = batch.images.subarray(i * pixels, (i + 1) * pixels);
      const tags = batch.tags.subarray(i * this.network.classes, (i + 1) * this.network.classes);
      const input = {
        image: { width: crop, height: crop, data },
        normalized: {
          count: 3,
          width: crop,
          height: crop,
          data: normalizeToChannelsFirst(data, crop * crop, this.config.data),
        },
        classes: [...tags.keys()].filter((c) => tags[c]! > 0),
        box: Array.from(batch.boxes.subarray(4 * i, 4 * i + 4)) as unknown as Box,
      };
      out.push(await this.labelMaker.label(input, phase, this.now, spent));
    }
    return out;
  }

  /** Only one step graph is kept: each holds the activations of a whole batch. */
  private async session(kind: StepKind): Promise<{ graph: StepGraph; session: Session }> {
    if (this.compiled?.kind === kind) return this.compiled;
    const old = this.compiled;
    this.compiled = null;
    await old?.session.release();
    const { model, data } = this.config;
    const graph = buildStep(this.network, {
      kind,
      batch: data.batch,
      crop: data.crop,
      dropPath: model.dropPath > 0,
      dropout: model.dropout > 0,
      learned: this.state.learned,
    });
    this.compiled = { kind, graph, session: await this.runtime.createSession(graph.model) };
    return this.compiled;
  }

  /** Scales of DropPath and of channel dropout, a stream of their own for every step. */
  private noise(step: number, n: number): Record<string, NdArray> {
    const { model, train } = this.config;
    const feeds: Record<string, NdArray> = {};
    const scales = (size: number, rate: (i: number) => number, name: string): Float32Array => {
      const random = Random.at(train.seed, name, step);
      return Float32Array.from({ length: size }, (_, i) =>
        random.chance(rate(i)) ? 0 : 1 / (1 - rate(i)),
      );
    };
    if (model.dropPath > 0) {
      const blocks = this.network.encoder.blockCount;
      const rate = (i: number): number =>
        (model.dropPath * Math.floor(i / (2 * n))) / Math.max(1, blocks - 1);
      feeds["drop_path"] = floats([2 * blocks, n], scales(2 * blocks * n, rate, "dropPath"));
    }
    if (model.dropout > 0) {
      const width = this.network.decoder.width;
      feeds["dropout"] = floats(
        [n, width],
        scales(n * width, () => model.dropout, "dropout"),
      );
    }
    return feeds;
  }
}

function floats(shape: readonly number[], data: Float32Array): NdArray {
  return { dtype: "float32", shape, data };
}

function labelFeeds(
  labels: readonly StepLabels[],
  crop: number,
  given?: Uint8Array,
): Record<string, NdArray> {
  const n = labels.length;
  const tokens = labels[0]!.affinity.tokens;
  const seg = new Float32Array(n * crop * crop);
  const affinity = new Float32Array(n * tokens * tokens);
  labels.forEach((label, i) => {
    seg.set(label.seg.data, i * crop * crop);
    affinity.set(label.affinity.data, i * tokens * tokens);
  });
  if (given) seg.set(given);
  return {
    seg_label: floats([n, crop, crop], seg),
    affinity_label: floats([n, tokens, tokens], affinity),
  };
}

function checkFinite(step: number, losses: StepResult["losses"], names: readonly string[]): void {
  for (const [name, value] of Object.entries(losses)) {
    if (value !== null && !Number.isFinite(value)) {
      throw new RangeError(
        `train: step ${step}: the ${name} loss is ${value} (images ${names.join(", ")}); ` +
          `resume from the last checkpoint with a lower train.lr`,
      );
    }
  }
}
