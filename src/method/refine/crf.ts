import { allocate, ensure, instantiate, type Memory } from "../../engine/kernels/index.ts";
import { interleave, pixelBytes, separate } from "./interleaved.ts";
import { Lattice, pixelPoints, type Workspace } from "./lattice.ts";
import type { Image } from "../images/image.ts";
import type { Maps } from "../images/maps.ts";

const FLOAT = 4;
/** Probabilities below are raised to it: one pixel alone is never certain. */
const LEAST = 1e-5;
/** Score of the classes that only fill up a vector. */
const NEVER = -1e4;
/** Deviations behind which the Gaussian on position is cut off; 3e-4 of its height is left there. */
const REACH = 4;

export interface CrfOptions {
  /** Mean field iterations. */
  readonly iterations?: number;
  /** Weight of the Gaussian on position. */
  readonly gaussianWeight?: number;
  /** Its deviation in pixels. */
  readonly gaussianDeviation?: number;
  /** Weight of the Gaussian on position and color. */
  readonly bilateralWeight?: number;
  /** Its deviation in pixels. */
  readonly positionDeviation?: number;
  /** Its deviation in levels of 0..255. */
  readonly colorDeviation?: number;
}

/**
 * Fully connected CRF (Krähenbühl and Koltun 2011; method 3.2): mean field with Potts
 * compatibility and two normalised Gaussian kernels, one exact and separable, one on a permutohedral
 * lattice. Keeps its memory for the next image.
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
      if (!(value >= 0 && value < Infinity)) refuse(name, value, "0 or a number above");
    }
    if (!(Number.isInteger(iterations) && iterations >= 0)) {
      refuse("iterations", iterations, "a whole number from 0");
    }
    this.settings = { iterations, gaussianWeight, bilateralWeight, ...deviations };
  }

  /** Bytes of memory that are kept. */
  get memoryBytes(): number {
    return this.memory.buffer.byteLength;
  }

  /**
   * Probabilities that agree with the colors of the image.
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

    const layout = layOut(probabilities, this.settings);
    const { bytes, rowBytes, unary, beliefs, scores } = layout;
    ensure(memory, layout.end, owner);
    writeUnary(memory, unary, probabilities);
    kernels.softmaxRows(unary, width * height, bytes, beliefs);
    if (iterations === 0) return separate(memory, beliefs, probabilities);

    const lattice = bilateralWeight > 0 ? this.buildLattice(workspace, image, layout.end) : null;
    const values = lattice?.end ?? layout.end;
    ensure(memory, values + (lattice?.sizeOf(bytes) ?? 0), owner);
    const smoothing = new Smoothing(workspace, layout, this.settings);

    for (let i = 0; i < iterations; i++) {
      // Where vertices are missing the order of the axes matters: take turns.
      lattice?.splat(beliefs, values, bytes, { reverse: i % 2 === 1 });
      smoothing.start();
      for (let y = 0; y < height; y++) {
        smoothing.row(y);
        lattice?.slice(values, scores, bytes, y * width, width);
        // The smoothing has what it needs of this row.
        kernels.softmaxRows(scores, width, bytes, beliefs + y * rowBytes);
      }
    }
    return separate(memory, beliefs, probabilities);
  }

  /** Of position and color, normalised and with the square root of its weight on both sides. */
  private buildLattice(workspace: Workspace, image: Image, start: number): Lattice {
    const { bilateralWeight } = this.settings;
    const lattice = Lattice.build(workspace, start, pixelPoints(image, this.settings));
    const sums = lattice.weightSums(lattice.end);
    lattice.scale(sums.map((sum) => Math.sqrt(bilateralWeight / sum)));
    return lattice;
  }
}

/** Where things lie, in bytes; a pixel has `bytes` of floats, one for each class. */
interface Layout {
  readonly width: number;
  readonly height: number;
  readonly bytes: number;
  readonly rowBytes: number;
  readonly radius: number;
  readonly taps: number;
  readonly acrossScales: number;
  readonly rowPointers: number;
  readonly padded: number;
  /** Rows that are smoothed across: 2 radius + 1 in turn, and one of zeros. */
  readonly rows: number;
  readonly scores: number;
  readonly unary: number;
  readonly beliefs: number;
  readonly end: number;
}

function layOut(
  { count, width, height }: Maps,
  { gaussianDeviation }: Required<CrfOptions>,
): Layout {
  const bytes = pixelBytes(count);
  const rowBytes = width * bytes;
  const radius = Math.min(Math.ceil(REACH * gaussianDeviation), Math.max(width, height) - 1);
  const sizes = [
    (radius + 1) * FLOAT, // taps
    width * FLOAT, // acrossScales
    (2 * radius + 1) * FLOAT, // rowPointers
    rowBytes + 2 * radius * bytes, // padded
    (2 * radius + 2) * rowBytes, // rows
    rowBytes, // scores
    height * rowBytes, // unary
    height * rowBytes, // beliefs
  ];
  const at = [0];
  for (const size of sizes) at.push(Math.ceil((at.at(-1)! + size) / 16) * 16);
  const [taps, acrossScales, rowPointers, padded, rows, scores, unary, beliefs, end] = at as [
    number,
    number,
    number,
    number,
    number,
    number,
    number,
    number,
    number,
  ];
  return {
    width,
    height,
    bytes,
    rowBytes,
    radius,
    taps,
    acrossScales,
    rowPointers,
    padded,
    rows,
    scores,
    unary,
    beliefs,
    end,
  };
}

/**
 * The Gaussian on position. Normalising it leaves it separable: the sums of its weights are those
 * along the row times those along the column.
 */
class Smoothing {
  private readonly downScales: Float32Array;
  private across = 0;

  constructor(
    private readonly workspace: Workspace,
    private readonly layout: Layout,
    private readonly settings: Required<CrfOptions>,
  ) {
    const { width, height, radius, taps, acrossScales, padded, rowBytes, bytes } = layout;
    const { buffer } = workspace.memory;
    const weights = Float32Array.from({ length: radius + 1 }, (_, r) =>
      Math.exp(-((r / settings.gaussianDeviation) ** 2) / 2),
    );
    new Float32Array(buffer, taps, radius + 1).set(weights);
    new Float32Array(buffer, acrossScales, width).set(normalizers(weights, width));
    this.downScales = normalizers(weights, height);
    new Uint8Array(buffer, padded, rowBytes + 2 * radius * bytes).fill(0);
    new Uint8Array(buffer, this.slot(-1), rowBytes).fill(0);
  }

  /** Begins with the first row. */
  start(): void {
    this.across = 0;
  }

  /** Scores of row y, after the row above: log probabilities and the smoothed beliefs around. */
  row(y: number): void {
    const { width, height, bytes, rowBytes, radius } = this.layout;
    const { acrossScales, taps, padded, rowPointers, unary, beliefs, scores } = this.layout;
    const { kernels, memory } = this.workspace;
    for (; this.across <= Math.min(y + radius, height - 1); this.across++) {
      const scale = this.downScales[this.across]!;
      const source = beliefs + this.across * rowBytes;
      const target = this.slot(this.across);
      kernels.gaussianAcross(
        source,
        width,
        bytes,
        acrossScales,
        scale,
        taps,
        radius,
        padded,
        target,
      );
    }
    const pointers = new Uint32Array(memory.buffer, rowPointers, 2 * radius + 1);
    for (let r = -radius; r <= radius; r++) {
      pointers[r + radius] = this.slot(y + r < height ? y + r : -1);
    }
    kernels.gaussianDown(
      rowPointers,
      width,
      bytes,
      acrossScales,
      this.settings.gaussianWeight * this.downScales[y]!,
      taps,
      radius,
      unary + y * rowBytes,
      scores,
    );
  }

  /** Address of a row that is smoothed across; rows outside the image are zeros. */
  private slot(y: number): number {
    const { rows, rowBytes, radius } = this.layout;
    return rows + (y < 0 ? 2 * radius + 1 : y % (2 * radius + 1)) * rowBytes;
  }
}

/** 1 / √(sum of the weights) at each position of an axis. */
function normalizers(weights: Float32Array, length: number): Float32Array {
  return Float32Array.from({ length }, (_, x) => {
    let sum = weights[0]!;
    for (let r = 1; r < weights.length; r++) {
      sum += weights[r]! * (Number(x >= r) + Number(x + r < length));
    }
    return 1 / Math.sqrt(sum);
  });
}

/** Logarithms of the probabilities, [h, w, classes padded]. */
function writeUnary(memory: Memory, at: number, probabilities: Maps): void {
  const logarithm = (value: number, k: number, p: number): number => {
    if (!Number.isFinite(value)) refuseProbability(value, k, p, probabilities.width);
    return Math.log(value > LEAST ? value : LEAST);
  };
  interleave(memory, at, probabilities, logarithm, NEVER);
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
        `${width} x ${height} pixels need ${width * height * 3} and, of ${count} classes, ${count * width * height}`,
    );
  }
}

function refuseProbability(value: number, k: number, p: number, width: number): never {
  throw new RangeError(
    `dense CRF: probability of class ${k} at x ${p % width}, y ${Math.floor(p / width)} is ${value}; give finite numbers (softmax of finite logits)`,
  );
}

function refuse(name: string, value: number, wanted: string): never {
  throw new RangeError(`dense CRF: ${name} is ${value}; give ${wanted}`);
}
