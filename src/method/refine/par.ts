import type { Config } from "../config.ts";
import {
  allocate,
  ensure,
  instantiate,
  type Kernels,
  type Memory,
} from "../../engine/kernels/index.ts";
import type { Maps } from "../images/maps.ts";
import { resizeMaps } from "../images/resize-maps.ts";

const FLOAT = 4;
/** Pixels that the kernel computes at a time. */
const RUN = 8;
/** Address of the byte offsets of the neighbors; the position terms follow them. */
const OFFSETS = 0;
/** w1 and w2 of the paper (AFA 3.4): distance in color and in position at which weights fall off. */
const FALL_OFF = 0.3;
/** w3 of the paper (AFA 3.4): weight of the position term beside the color term. */
const POSITION_SHARE = 0.01;

/**
 * Sizes and byte addresses. A plane is one map with a margin on all sides, as wide as the largest dilation, so that
 * every neighbor of a pixel is at a constant offset; `origin` is the offset of the top left pixel in its plane:
 *
 *     ┌──────────────────────┐
 *     │        margin        │
 *     │   ┌ origin ─────┐    │  rows are padded to whole runs of pixels
 *     │   │   pixels    │    │
 *     │   └─────────────┘    │
 *     └──────────────────────┘
 */
interface Layout {
  readonly width: number;
  readonly height: number;
  readonly runs: number;
  readonly rowBytes: number;
  readonly planeBytes: number;
  readonly origin: number;
  readonly colors: number;
  readonly weights: number;
  readonly maps: number;
}

/** PAR as the settings have it. */
export function parOf({ pseudo }: Pick<Config, "pseudo">): Par {
  return new Par({ iterations: pseudo.parIterations, dilations: pseudo.parDilations });
}

/**
 * Pixel-adaptive refinement (method 2.7): each iteration replaces a pixel's scores by the weighted mean of its
 * neighbors', where neighbors of similar color and position weigh more. Keeps its memory for the next image, and its
 * weights if that is the same image.
 */
export class Par {
  private readonly iterations: number;
  private readonly dilations: readonly number[];
  private readonly neighbors: readonly Neighbor[];
  private readonly memory: Memory = allocate(0, "PAR");
  private readonly kernels: Kernels = instantiate(this.memory);
  private layout: Layout | undefined;

  constructor({
    iterations = 10,
    dilations = [1, 2, 4, 8, 12, 24],
  }: { iterations?: number; dilations?: readonly number[] } = {}) {
    if (dilations.length === 0 || dilations.some((d) => !Number.isInteger(d) || d < 1)) {
      throw new RangeError(
        `PAR: dilations [${dilations.join(", ")}]; give at least one, each a whole number from 1`,
      );
    }
    this.iterations = iterations;
    this.dilations = dilations;
    this.neighbors = neighborhood(dilations);
  }

  /**
   * Refines maps along the colors of an image, at the image's size.
   *
   * @param image red, green and blue in 0..1, [3, h, w]
   * @param maps any number of maps of any size; they are resized with aligned corners
   * @returns [count, h, w]
   */
  refine(image: Maps, maps: Maps): Maps {
    const { width, height } = image;
    if (image.count !== 3 || width < 1 || height < 1) {
      throw new RangeError(
        `PAR: image [${image.count}, ${height}, ${width}]; give three colors and at least one pixel`,
      );
    }
    const source = resizeMaps(maps, width, height, { alignCorners: true });
    if (maps.count === 0 || this.iterations === 0) return source;
    const layout = this.prepare(image, maps.count);
    const { planeBytes, rowBytes, runs, origin, weights } = layout;
    const { kernels } = this;

    let from = layout.maps;
    let to = from + maps.count * planeBytes;
    this.write(source, from, layout);
    for (let i = 0; i < this.iterations; i++) {
      this.replicate(from, maps.count, layout);
      kernels.parIterate({
        source: from + origin,
        target: to + origin,
        maps: maps.count,
        planeBytes,
        rowBytes,
        height,
        runs,
        offsets: OFFSETS,
        count: this.neighbors.length,
        weights,
      });
      [from, to] = [to, from];
    }
    return this.read(from, maps.count, layout);
  }

  /**
   * Reserves memory for an image and this many maps. Computes the weights unless the image is the same as last time.
   */
  private prepare(image: Maps, maps: number): Layout {
    const layout = layOut(image, this.dilations);
    const sizeChanged = layout.width !== this.layout?.width || layout.height !== this.layout.height;
    const owner = `PAR of ${image.width} x ${image.height} pixels`;
    ensure(this.memory, layout.maps + 2 * maps * layout.planeBytes, owner);
    this.layout = layout;
    if (!this.write(image, layout.colors, layout) && !sizeChanged) return layout;

    const { origin, colors, planeBytes, rowBytes, height, runs, weights } = layout;
    const count = this.neighbors.length;
    const offsets = this.neighbors.map(({ dx, dy }) => dy * rowBytes + dx * FLOAT);
    new Int32Array(this.memory.buffer, OFFSETS, count).set(offsets);
    const positions = count * FLOAT;
    new Float32Array(this.memory.buffer, positions, count).set(positionTerms(this.neighbors));
    this.replicate(colors, 3, layout);
    this.kernels.parWeights({
      planes: colors + origin,
      planeBytes,
      rowBytes,
      height,
      runs,
      offsets: OFFSETS,
      positions,
      count,
      width: FALL_OFF,
      weights,
    });
    return layout;
  }

  /** Copies maps into planes; returns whether any value changed. */
  private write(source: Maps, planes: number, layout: Layout): boolean {
    const { width, height, rowBytes, planeBytes, origin } = layout;
    const target = new Float32Array(this.memory.buffer);
    let changed = false;
    for (let row = 0; row < source.count * height; row++) {
      const k = Math.floor(row / height);
      const bytes = planes + k * planeBytes + origin + (row % height) * rowBytes;
      const at = bytes / FLOAT;
      for (let x = 0, from = row * width; x < width; x++, from++) {
        if (target[at + x] !== source.data[from]) {
          target[at + x] = source.data[from]!;
          changed = true;
        }
      }
    }
    return changed;
  }

  /** Copies planes without their margins. */
  private read(planes: number, count: number, layout: Layout): Maps {
    const { width, height, rowBytes, planeBytes, origin } = layout;
    const data = new Float32Array(count * height * width);
    for (let row = 0; row < count * height; row++) {
      const k = Math.floor(row / height);
      const bytes = planes + k * planeBytes + origin + (row % height) * rowBytes;
      data.set(new Float32Array(this.memory.buffer, bytes, width), row * width);
    }
    return { count, width, height, data };
  }

  /** Fills the margins of planes with the nearest pixel of the map. */
  private replicate(planes: number, count: number, layout: Layout): void {
    const { width, height, rowBytes, planeBytes, origin } = layout;
    const left = marginOf(this.dilations);
    const right = rowBytes / FLOAT - left - width;
    this.kernels.parReplicate({
      planes: planes + origin,
      count,
      planeBytes,
      rowBytes,
      height,
      width,
      left,
      right,
    });
  }
}

interface Neighbor {
  readonly dx: number;
  readonly dy: number;
  /** Length of (dx, dy), pixels. */
  readonly distance: number;
}

/** The eight directions at every dilation. */
function neighborhood(dilations: readonly number[]): Neighbor[] {
  const steps = [-1, 0, 1];
  return dilations.flatMap((dilation) =>
    steps.flatMap((y) =>
      steps
        .filter((x) => x !== 0 || y !== 0)
        .map((x) => ({
          dx: x * dilation,
          dy: y * dilation,
          distance: dilation * Math.hypot(x, y),
        })),
    ),
  );
}

/** Position term of each neighbor, the same for all pixels: w3 · softmax of −(distance / (deviation + 1e-8) / w2)². */
function positionTerms(neighbors: readonly Neighbor[]): number[] {
  const mean = neighbors.reduce((sum, { distance }) => sum + distance, 0) / neighbors.length;
  const squares = neighbors.reduce((sum, { distance }) => sum + (distance - mean) ** 2, 0);
  const deviation = Math.sqrt(squares / (neighbors.length - 1)) + 1e-8;
  const logits = neighbors.map(({ distance }) => -((distance / deviation / FALL_OFF) ** 2));
  const highest = Math.max(...logits);
  const powers = logits.map((logit) => Math.exp(logit - highest));
  const total = powers.reduce((sum, power) => sum + power, 0);
  return powers.map((power) => (POSITION_SHARE * power) / total);
}

/** Width of the margin in pixels: the largest dilation, rounded up to whole vectors. */
function marginOf(dilations: readonly number[]): number {
  return Math.ceil(Math.max(...dilations) / 4) * 4;
}

function layOut({ width, height }: Maps, dilations: readonly number[]): Layout {
  const margin = marginOf(dilations);
  const count = 8 * dilations.length;
  const runs = Math.ceil(width / RUN);
  const rowBytes = (runs * RUN + 2 * margin) * FLOAT;
  const planeBytes = (height + 2 * margin) * rowBytes;
  const colors = 2 * count * FLOAT;
  const weights = colors + 3 * planeBytes;
  return {
    width,
    height,
    runs,
    rowBytes,
    planeBytes,
    origin: margin * (rowBytes + FLOAT),
    colors,
    weights,
    maps: weights + height * runs * RUN * count * FLOAT,
  };
}
