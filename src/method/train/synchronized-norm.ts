import {
  type Feeds,
  type NdArray,
  type Runtime,
  type Tensor,
  add,
  batchStatistics,
  float32,
  gradients,
  mul,
  writeModel,
} from "../../engine/graph/index.ts";
import type { Exchange } from "../../host/exchange.ts";
import { fastestGraph } from "../inference/fastest-layout.ts";
import { LazySession } from "../inference/lazy-session.ts";
import type { NetworkFeeds } from "../inference/network-feeds.ts";
import type { Afa } from "../model/index.ts";
import { MicroBatchSums } from "./micro-batch-sums.ts";
import {
  decodedFused,
  decoderLosses,
  elements,
  encodedTraining,
  type PassOptions,
  type StepGraphOptions,
} from "./step-graph.ts";

/** Mean and biased variance of a batch, for each channel. */
export type NormStatistics = readonly [mean: Float32Array, variance: Float32Array];

/** What the passes of a step are fed with for a synchronized BatchNorm. */
export interface SynchronizedFeeds {
  feedsOf(part: number): Record<string, NdArray>;
  readonly statistics: NormStatistics;
}

type Arrays = Readonly<Record<string, NdArray>>;

/**
 * Makes the decoder's BatchNorm see a whole batch that is computed in parts (method 2.14). A graph cannot wait for other
 * parts in its middle, so two passes go before that of a step: one up to the norm, for the statistics of all parts, and one
 * from there to the losses, for the two sums in the norm's gradient. The step computes the features again, as keeping
 * everything that their gradient needs would take the memory that parts are to save.
 */
export class SynchronizedNorm {
  private readonly fused: LazySession;
  private readonly sums: LazySession;
  private readonly width: number;
  /** Positions in the whole batch, for each channel. */
  private readonly rows: number;

  constructor(
    runtime: Runtime,
    network: Afa,
    private readonly parameters: NetworkFeeds,
    options: StepGraphOptions,
  ) {
    const { batch, whole = batch, crop } = options;
    this.width = network.decoder.width;
    this.rows = whole * (crop / 4) ** 2;
    const open = (outputs: Readonly<Record<string, Tensor>>): LazySession =>
      new LazySession(() =>
        runtime.createSession(writeModel(fastestGraph(outputs, options.layout)), { whole: true }),
      );
    this.fused = open(fusedTensors(network, options));
    this.sums = open(gradientSums(network, options));
  }

  /**
   * Computes what each part has to know about the others.
   * @param parts number of parts of this process
   * @param feedsOf inputs of the step for a part
   * @param energyFeeds inputs of the dense energy for a part, from those of its probabilities; none without the energy
   */
  async synchronize(
    parts: number,
    feedsOf: (part: number) => Arrays,
    energyFeeds: (part: number, feeds: Feeds) => Promise<Arrays>,
    exchange: Exchange,
  ): Promise<SynchronizedFeeds> {
    const { width, rows } = this;
    const statistics = new MicroBatchSums({ "bn.mean": [width], "bn.variance": [width] });
    const maps: NdArray[] = [];
    for (let part = 0; part < parts; part++) {
      const outputs = ["fused", "bn.mean", "bn.variance"];
      const { fused, ...own } = await this.run(this.fused, feedsOf(part), outputs);
      maps.push(fused!);
      statistics.add(own);
    }
    const [mean, variance] = (await statistics.everywhere(exchange)).statistics();
    const shared: Record<string, NdArray> = {
      "bn.mean": float32([width], mean),
      "bn.variance": float32([width], variance),
    };
    const energies: Arrays[] = [];
    const sums = new Float64Array(parts * 2 * width);
    for (let part = 0; part < parts; part++) {
      // The maps are large: each is let go after its pass.
      const own = { ...feedsOf(part), ...shared, fused: maps.shift()! };
      energies[part] = await energyFeeds(part, own);
      const outputs = ["bn.total_sum", "bn.aligned_sum"];
      const results = await this.run(this.sums, { ...own, ...energies[part] }, outputs);
      outputs.forEach((name, i) =>
        sums.set(results[name]!.data as Float32Array, (2 * part + i) * width),
      );
    }
    // Added in the order of the parts, whichever process has computed them.
    const whole = new Float64Array(2 * width);
    for (const own of await exchange.gather(sums))
      own.forEach((value, i) => (whole[i % whole.length]! += value));
    const means = Float32Array.from(whole, (sum) => sum / rows);
    shared["bn.total_mean"] = float32([width], means.slice(0, width));
    shared["bn.aligned_mean"] = float32([width], means.slice(width));
    return {
      feedsOf: (part) => ({ ...shared, ...energies[part] }),
      statistics: [mean, variance],
    };
  }

  async release(): Promise<void> {
    await this.fused.release();
    await this.sums.release();
  }

  private async run(
    lazy: LazySession,
    feeds: Feeds,
    outputs: readonly string[],
  ): Promise<Record<string, NdArray>> {
    const session = await lazy.get();
    const fetches = Object.fromEntries(outputs.map((name) => [name, null]));
    return session.run({ ...this.parameters, ...feeds }, fetches);
  }
}

/** The decoder's map before its BatchNorm, [n·h/4·w/4, width], and the statistics of these crops, [width] each. */
export function fusedTensors(network: Afa, options: PassOptions): Record<string, Tensor> {
  const { features } = encodedTraining(network, options);
  const { tokens } = network.decoder.fuse(features);
  const { mean, variance } = batchStatistics(tokens);
  return { fused: tokens, "bn.mean": mean, "bn.variance": variance };
}

/**
 * Sums over these crops of the gradient of the BatchNorm's output, and of that gradient times its normalized input: the
 * gradients of its bias and its gain.
 */
export function gradientSums(network: Afa, options: StepGraphOptions): Record<string, Tensor> {
  const { logits } = decodedFused(network, options);
  const weight = elements("loss_weights", 3);
  const losses = decoderLosses(network, logits, options, elements("loss_counts", 4));
  const { seg, regularization } = losses;
  const own = mul(seg, weight(0));
  const total = regularization ? add(own, mul(regularization, weight(2))) : own;
  const { bn } = network.decoder.linear_fuse;
  const [sum, aligned] = gradients(total, [bn.bias.tensor, bn.weight.tensor]);
  return { "bn.total_sum": sum!, "bn.aligned_sum": aligned! };
}
