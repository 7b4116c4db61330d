import { allocate, ensure, instantiate, type Memory } from "../../engine/kernels/index.ts";
import type { Image } from "../images/image.ts";
import type { Maps } from "../images/maps.ts";
import { interleave, separate } from "./interleaved.ts";
import { Lattice, pixelPoints, type Workspace } from "./lattice.ts";
import { layOutCrf, PositionSmoothing } from "./position-kernel.ts";

/** Lower bound of the probabilities, so that no pixel is ever certain. */
const LEAST_PROBABILITY = 1e-5;
/** Score of the padding classes; it makes their probability 0. */
const PADDING_SCORE = -1e4;

export interface CrfOptions {
  /** Mean field iterations. */
  readonly iterations?: number;
  /** Weight of the Gaussian on position, w⁽²⁾ of the paper. */
  readonly gaussianWeight?: number;
  /** Deviation of the Gaussian on position in pixels, θγ. */
  readonly gaussianDeviation?: number;
  /** Weight of the Gaussian on position and color, w⁽¹⁾. */
  readonly bilateralWeight?: number;
  /** Deviation in position of the Gaussian on position and color, in pixels, θα. */
  readonly positionDeviation?: number;
  /** Deviation in color of the Gaussian on position and color, in levels of 0..255, θβ. */
  readonly colorDeviation?: number;
}

/**
 * Fully connected CRF (Krähenbühl and Koltun 2011; method 3.2). A mean field iteration with Potts compatibility, for
 * pixel i and class l:
 *
 *     Q_i(l) ← softmax over l of  log P_i(l) + Σ_m w⁽ᵐ⁾ Σ_j k⁽ᵐ⁾(f_i, f_j) Q_j(l)
 *
 * k⁽¹⁾, the Gaussian on position and color, is computed on a permutohedral lattice; k⁽²⁾, the Gaussian on position, is
 * exact (`PositionSmoothing`). Both are normalized symmetrically. Keeps its memory for the next image.
 */
export class DenseCrf {
  private readonly settings: Required<CrfOptions>;
  private readonly memory: Memory = allocate(0, "dense CRF");
  private readonly kernels = instantiate(this.memory);

  constructor({
    iterations = 10,
    gaussianWeight = 3,
    gaussianDeviation = 3,
    bilateralWeight = 4,
    positionDeviation = 64,
    colorDeviation = 5,
  }: CrfOptions = {}) {
    const deviations = { gaussianDeviation, positionDeviation, colorDeviation };
    for (const [name, value] of Object.entries(deviations)) {
      if (!(value > 0 && value < Infinity)) refuse(name, value, "a number above 0");
    }
    for (const [name, value] of Object.entries({ gaussianWeight, bilateralWeight })) {
      if (!(value >= 0 && value < Infinity)) refuse(name, value, "0 or a larger number");
    }
    if (!(Number.isInteger(iterations) && iterations >= 0)) {
      refuse("iterations", iterations, "a whole number from 0");
    }
    this.settings = { iterations, gaussianWeight, bilateralWeight, ...deviations };
  }

  /** Bytes of memory kept between images. */
  get memoryBytes(): number {
    return this.memory.buffer.byteLength;
  }

  /**
   * Probabilities after the mean field iterations.
   *
   * @param probabilities [C + 1, h, w] of the image's size
   * @returns [C + 1, h, w]
   */
  refine(image: Image, probabilities: Maps): Maps {
    checkInput(image, probabilities);
    const { iterations, bilateralWeight } = this.settings;
    const { count, width, height } = probabilities;
    const { memory, kernels } = this;
    const owner = `dense CRF of ${width} x ${height} pixels and ${count} classes`;
    const workspace = { memory, kernels, owner };

    const layout = layOutCrf(probabilities, this.settings);
    const { bytes, rowBytes } = layout;
    const { unary, beliefs, scores } = layout.addresses;
    ensure(memory, layout.end, owner);
    writeUnary(memory, unary, probabilities);
    kernels.softmaxRows({ source: unary, count: width * height, bytes, target: beliefs });
    if (iterations === 0) return separate(memory, beliefs, probabilities);

    const lattice = bilateralWeight > 0 ? this.buildLattice(workspace, image, layout.end) : null;
    const values = lattice?.end ?? layout.end;
    ensure(memory, values + (lattice?.sizeOf(bytes) ?? 0), owner);
    const smoothing = new PositionSmoothing(workspace, layout, this.settings);

    for (let i = 0; i < iterations; i++) {
      // Where the lattice lacks vertices, the result depends on the order of its axes, so the order alternates.
      lattice?.splat(beliefs, values, bytes, { reverse: i % 2 === 1 });
      smoothing.start();
      for (let y = 0; y < height; y++) {
        smoothing.row(y);
        lattice?.slice(values, scores, bytes, { first: y * width, count: width });
        // Both kernels have read the beliefs of this row by now.
        kernels.softmaxRows({
          source: scores,
          count: width,
          bytes,
          target: beliefs + y * rowBytes,
        });
      }
    }
    return separate(memory, beliefs, probabilities);
  }

  /** Lattice of the bilateral kernel, whose points are scaled by √(weight / row sum): that normalizes and weighs it. */
  private buildLattice(workspace: Workspace, image: Image, start: number): Lattice {
    const { bilateralWeight } = this.settings;
    const lattice = Lattice.build(workspace, start, pixelPoints(image, this.settings));
    const sums = lattice.weightSums(lattice.end);
    lattice.scale(sums.map((sum) => Math.sqrt(bilateralWeight / sum)));
    return lattice;
  }
}

/** Writes log P as [h, w, classes padded]. */
function writeUnary(memory: Memory, at: number, probabilities: Maps): void {
  const logarithm = (value: number, k: number, p: number): number => {
    if (!Number.isFinite(value)) refuseProbability(value, k, p, probabilities.width);
    return Math.log(value > LEAST_PROBABILITY ? value : LEAST_PROBABILITY);
  };
  interleave(memory, at, probabilities, logarithm, PADDING_SCORE);
}

function checkInput(image: Image, { count, width, height, data }: Maps): void {
  if (width !== image.width || height !== image.height) {
    throw new RangeError(
      `dense CRF: image is ${image.width} x ${image.height}, probabilities are ${width} x ${height}; resize them`,
    );
  }
  if (width < 1 || height < 1 || count < 1) {
    throw new RangeError(
      `dense CRF: probabilities [${count}, ${height}, ${width}]; give at least one class and one pixel`,
    );
  }
  if (image.data.length !== width * height * 3 || data.length !== count * width * height) {
    throw new RangeError(
      `dense CRF: image has ${image.data.length} bytes, probabilities ${data.length} numbers; ` +
        `${width} x ${height} pixels and ${count} classes need ${width * height * 3} and ${count * width * height}`,
    );
  }
}

function refuseProbability(value: number, k: number, p: number, width: number): never {
  throw new RangeError(
    `dense CRF: probability of class ${k} at x ${p % width}, y ${Math.floor(p / width)} is ${value}; give finite numbers (softmax of finite logits)`,
  );
}

function refuse(name: string, value: number, expected: string): never {
  throw new RangeError(`dense CRF: ${name} is ${value}; give ${expected}`);
}
