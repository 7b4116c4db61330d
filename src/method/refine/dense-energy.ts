import { allocate, ensure, instantiate } from "../../engine/kernels/index.ts";
import { interleave, pixelBytes, separate } from "./interleaved.ts";
import { Lattice, pixelPoints, type Points } from "./lattice.ts";
import { ignoreIndex, type Image, type LabelMap } from "../images/image.ts";
import { checkBox, type Box, type Maps } from "../images/maps.ts";
import { resizeMaps, resizeGradient } from "../images/resize-maps.ts";

/** Number of pixels at which the lattice is calibrated by exact sums. */
const SAMPLES = 48;

export interface DenseEnergyOptions {
  /** Deviation of the kernel in color, in levels of 0..255. */
  readonly colorDeviation?: number;
  /** Deviation of the kernel in position, in pixels of the full image. */
  readonly positionDeviation?: number;
  /** Factor by which the image is scaled before the energy is computed, at most 1. */
  readonly scale?: number;
  /** Factor on the loss. */
  readonly weight?: number;
  /** Images in the batch, over which the loss is averaged. */
  readonly batch?: number;
}

/** One image of a batch; probabilities and label have the image's size. */
export interface DenseEnergyInput {
  readonly image: Image;
  /** Softmax of the segmentation logits, [C + 1, h, w]. */
  readonly probabilities: Maps;
  /** The part of a crop that is image, not padding. */
  readonly box: Box;
  readonly label: LabelMap;
}

export interface DenseEnergyResult {
  /** Contribution of this image to the loss of the batch. */
  readonly loss: number;
  /** d loss / d probabilities, [C + 1, h, w]. */
  readonly gradient: Maps;
  /** Weight of each pixel, [1, h, w] at the scaled size. */
  readonly gate: Maps;
  /** gate · (K·S), the probabilities S filtered by the kernel K; [C + 1, h, w] at the scaled size. */
  readonly filtered: Maps;
}

/** Filters maps, [C, h, w], by the bilateral kernel exp(−|p − q|² / 2) of an image, each pixel itself included. */
export type BilateralFilter = (
  image: Image,
  maps: Maps,
  deviations: { positionDeviation: number; colorDeviation: number },
) => Maps;

/** Dense energy loss of one image (method 2.10); for many images use `DenseEnergy`, which keeps its memory. */
export function denseEnergy(
  input: DenseEnergyInput,
  options: DenseEnergyOptions = {},
): DenseEnergyResult {
  return new DenseEnergy(options).evaluate(input);
}

/**
 * Dense energy loss (Tang et al. 2018; method 2.10), which asks pixels of similar position and color to agree on their
 * class. Keeps its memory for the next image.
 */
export class DenseEnergy {
  private readonly settings: Required<DenseEnergyOptions>;
  private readonly filter: BilateralFilter;

  /** @param filter replaces the permutohedral lattice, for comparison */
  constructor(
    {
      colorDeviation = 15,
      positionDeviation = 100,
      scale = 0.5,
      weight = 1e-7,
      batch = 1,
    }: DenseEnergyOptions = {},
    filter: BilateralFilter = latticeFilter(),
  ) {
    this.settings = { colorDeviation, positionDeviation, scale, weight, batch };
    for (const [name, value] of Object.entries(this.settings)) {
      if (!(value > 0 && value < Infinity)) {
        throw new RangeError(`dense energy: ${name} is ${value}; give a number above 0`);
      }
    }
    if (scale > 1) {
      throw new RangeError(`dense energy: scale is ${scale}; give 1 or less`);
    }
    this.filter = filter;
  }

  /** Loss of one image and its gradient. */
  evaluate({ image, probabilities, box, label }: DenseEnergyInput): DenseEnergyResult {
    checkSizes(image, probabilities, label);
    const { colorDeviation, positionDeviation, scale, weight, batch } = this.settings;
    const grid = nearestGrid(image, scale);
    const inside = insideBox(grid, checkBox("dense energy", box, image), image.width);
    const small = resizeMaps(probabilities, grid.width, grid.height, { scale });
    const masked = {
      ...small,
      data: small.data.map((value, i) => value * inside[i % inside.length]!),
    };
    const gate = gateOf(masked, inside, grid.pick(label.data, 1));
    const smallImage = { width: grid.width, height: grid.height, data: grid.pick(image.data, 3) };
    const deviations = { positionDeviation: positionDeviation * scale, colorDeviation };
    const filtered = this.filter(smallImage, masked, deviations);
    const { data } = filtered;
    const gradient = new Float32Array(data.length);
    let energy = 0;
    for (let i = 0; i < data.length; i++) {
      const p = i % gate.length;
      data[i]! *= gate[p]!;
      energy += masked.data[i]! * data[i]!;
      gradient[i] = ((-2 * weight) / batch) * data[i]! * inside[p]!;
    }
    const { width, height } = image;
    return {
      loss: (-weight * energy) / batch,
      gradient: resizeGradient({ ...masked, data: gradient }, width, height, { scale }),
      gate: { ...masked, count: 1, data: gate },
      filtered,
    };
  }
}

/** A filter on a permutohedral lattice with its own memory. */
function latticeFilter(): BilateralFilter {
  const memory = allocate(0, "dense energy");
  const kernels = instantiate(memory);
  return (image, maps, deviations) => {
    const { count, width, height } = maps;
    const area = width * height;
    const owner = `dense energy of ${width} x ${height} pixels and ${count} classes`;
    const points = pixelPoints(image, deviations);
    const bytes = pixelBytes(count);
    const [source, target, start] = [0, area * bytes, 2 * area * bytes];
    const lattice = Lattice.build({ memory, kernels, owner }, start, points);
    ensure(memory, lattice.end + lattice.sizeOf(bytes), owner);

    interleave(memory, source, maps, (value) => value, 0);
    new Uint8Array(memory.buffer, target, area * bytes).fill(0);
    lattice.splat(source, lattice.end, bytes);
    lattice.slice(lattice.end, target, bytes, { first: 0, count: area });
    const filtered = separate(memory, target, maps);
    const factor = calibrate(points, totals(maps), totals(filtered));
    filtered.data.forEach((value, i) => (filtered.data[i] = value * factor));
    return filtered;
  };
}

/**
 * Factor from the lattice's weights to those of the Gaussian: exact sums divided by the lattice's sums, over pixels
 * sampled evenly from those whose value is not 0.
 */
function calibrate(points: Points, values: Float32Array, filtered: Float32Array): number {
  const { count, dimensions } = points;
  const coordinates = new Float32Array(count * dimensions);
  points.write(coordinates);
  const nonzero = [...values.keys()].filter((p) => values[p]! > 0);
  const samples = Math.min(SAMPLES, nonzero.length);
  let [exact, approximate] = [0, 0];
  for (let s = 0; s < samples; s++) {
    const p = nonzero[Math.floor(((s + 0.5) * nonzero.length) / samples)]!;
    approximate += filtered[p]!;
    for (const q of nonzero) {
      let square = 0;
      for (let d = 0; d < dimensions; d++) {
        square += (coordinates[p * dimensions + d]! - coordinates[q * dimensions + d]!) ** 2;
      }
      exact += values[q]! * Math.exp(-square / 2);
    }
  }
  return approximate > 0 ? exact / approximate : 1;
}

/** Sum over the maps at every pixel. */
function totals({ width, height, data }: Maps): Float32Array {
  const sums = new Float32Array(width * height);
  for (let i = 0; i < data.length; i++) sums[i % sums.length]! += data[i]!;
  return sums;
}

/** The pixels of a full image that its downscaled image consists of. */
interface Grid {
  readonly width: number;
  readonly height: number;
  /** Index in the full image of each pixel, [h, w]. */
  readonly sources: Int32Array;
  /** Picks the grid's pixels out of the full image, whose channels are interleaved. */
  pick(data: Uint8Array, channels: number): Uint8Array;
}

/** Nearest-neighbor resizing: pixel i comes from floor(i / scale). */
function nearestGrid(image: Image, scale: number): Grid {
  const width = Math.max(1, Math.floor(image.width * scale));
  const height = Math.max(1, Math.floor(image.height * scale));
  const nearest = (i: number, size: number): number => Math.min(size - 1, Math.floor(i / scale));
  const sources = Int32Array.from({ length: height * width }, (_, p) => {
    const y = nearest(Math.floor(p / width), image.height);
    return y * image.width + nearest(p % width, image.width);
  });
  const pick = (data: Uint8Array, channels: number): Uint8Array =>
    Uint8Array.from({ length: sources.length * channels }, (_, i) => {
      return data[sources[Math.floor(i / channels)]! * channels + (i % channels)]!;
    });
  return { width, height, sources, pick };
}

/** 1 for pixels of the grid inside the box, 0 for others. */
function insideBox({ sources }: Grid, [y0, y1, x0, x1]: Box, width: number): Float32Array {
  return Float32Array.from(sources, (source) => {
    const [x, y] = [source % width, Math.floor(source / width)];
    return Number(y >= y0 && y < y1 && x >= x0 && x < x1);
  });
}

/** Weight of each pixel: 1 where the label is ignored; elsewhere `inside` − highest probability, at least 0. */
function gateOf({ count, data }: Maps, inside: Float32Array, label: Uint8Array): Float32Array {
  return inside.map((own, p) => {
    if (label[p] === ignoreIndex) return 1;
    let highest = data[p]!;
    for (let k = 1; k < count; k++) highest = Math.max(highest, data[k * inside.length + p]!);
    return Math.max(0, own - highest);
  });
}

function checkSizes(image: Image, probabilities: Maps, label: LabelMap): void {
  for (const [name, { width, height }] of Object.entries({ probabilities, label })) {
    if (width !== image.width || height !== image.height) {
      throw new RangeError(
        `dense energy: image is ${image.width} x ${image.height}, ${name} ${width} x ${height}; resize to the image`,
      );
    }
  }
  const invalid = probabilities.data.findIndex((value) => !Number.isFinite(value));
  if (invalid >= 0) {
    throw new RangeError(
      `dense energy: probability ${invalid} is ${probabilities.data[invalid]}; give finite numbers (softmax of finite logits)`,
    );
  }
}
