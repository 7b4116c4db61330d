import type { NdArray, Runtime, Session } from "../graph/index.ts";
import type { Afa } from "../model/index.ts";
import type { Box, Labels, RgbImage } from "../pseudo/index.ts";
import { DenseEnergy } from "../pseudo/index.ts";
import type { Parameters } from "../eval/feeds.ts";
import { floats } from "./feeds.ts";
import { buildProbabilities, type PassOptions } from "./step-graph.ts";

/** One crop as its energy is computed. */
export interface EnergyInput {
  readonly image: RgbImage;
  readonly box: Box;
  /** What the segmentation learns from. */
  readonly label: Labels;
}

/**
 * The dense energy's gradient by the class probabilities (method section 12.2): a forward pass gives
 * the probabilities that the step will see, the lattice filters them.
 */
export class EnergyPass {
  private session: Session | null = null;
  private readonly energy: DenseEnergy;

  constructor(
    private readonly runtime: Runtime,
    private readonly network: Afa,
    private readonly parameters: Parameters,
    private readonly options: PassOptions,
    /** Crops of the whole batch, which the energy is a mean of. */
    batch: number,
  ) {
    this.energy = new DenseEnergy({ batch });
  }

  /**
   * @param feeds of these crops: `image` and noise
   * @returns [n, C + 1, crop, crop]
   */
  async gradient(
    feeds: Readonly<Record<string, NdArray>>,
    crops: readonly EnergyInput[],
  ): Promise<NdArray> {
    const { crop } = this.options;
    this.session ??= await this.runtime.createSession(
      buildProbabilities(this.network, this.options),
    );
    const results = await this.session.run(
      { ...this.parameters, ...feeds },
      { probabilities: null },
    );
    const { data, shape } = results["probabilities"]!;
    const count = this.network.classes + 1;
    const size = count * crop * crop;
    const gradient = new Float32Array(data.length);
    crops.forEach(({ image, box, label }, i) => {
      const own = (data as Float32Array).subarray(i * size, (i + 1) * size);
      const probabilities = { count, width: crop, height: crop, data: own };
      const one = this.energy.evaluate({ image, probabilities, box, label });
      gradient.set(one.gradient.data, i * size);
    });
    return floats(shape, gradient);
  }

  async release(): Promise<void> {
    await this.session?.release();
    this.session = null;
  }
}
