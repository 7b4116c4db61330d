import { type Feeds, type NdArray, type Runtime, float32 } from "../../engine/graph/index.ts";
import type { NetworkFeeds } from "../inference/network-feeds.ts";
import { LazySession } from "../inference/lazy-session.ts";
import type { Afa } from "../model/index.ts";
import type { Image, LabelMap } from "../images/image.ts";
import type { Box } from "../images/maps.ts";
import { DenseEnergy } from "../refine/dense-energy.ts";
import { buildProbabilities, type PassOptions } from "./step-graph.ts";

/** One crop whose energy is computed. */
export interface EnergyInput {
  readonly image: Image;
  readonly box: Box;
  /** The segmentation label of the crop. */
  readonly label: LabelMap;
}

/**
 * Computes the gradient of the dense energy with respect to the class probabilities (method 2.10). A forward pass
 * computes the probabilities that the coming step will have, and the lattice filters them.
 */
export class EnergyPass {
  private readonly session: LazySession;
  private readonly energy: DenseEnergy;

  constructor(
    runtime: Runtime,
    private readonly network: Afa,
    private readonly parameters: NetworkFeeds,
    private readonly options: PassOptions,
    /** Crops of the whole batch; the energy is their mean. */
    batch: number,
  ) {
    this.energy = new DenseEnergy({ batch });
    this.session = new LazySession(() =>
      runtime.createSession(buildProbabilities(network, options), { whole: true }),
    );
  }

  /**
   * @param feeds inputs of these crops: `image` and noise, or those of a synchronized BatchNorm, see `buildProbabilities`
   * @returns [n, C + 1, crop, crop]
   */
  async gradient(feeds: Feeds, crops: readonly EnergyInput[]): Promise<NdArray> {
    const { crop } = this.options;
    const session = await this.session.get();
    const results = await session.run({ ...this.parameters, ...feeds }, { probabilities: null });
    const { data, shape } = results["probabilities"]!;
    const count = this.network.classes + 1;
    const size = count * crop * crop;
    const gradient = new Float32Array(data.length);
    crops.forEach(({ image, box, label }, i) => {
      const own = (data as Float32Array).subarray(i * size, (i + 1) * size);
      const probabilities = { count, width: crop, height: crop, data: own };
      const result = this.energy.evaluate({ image, probabilities, box, label });
      gradient.set(result.gradient.data, i * size);
    });
    return float32(shape, gradient);
  }

  release(): Promise<void> {
    return this.session.release();
  }
}
