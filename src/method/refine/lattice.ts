import { align, ensure, type Kernels, type Memory } from "../../engine/kernels/index.ts";
import type { Image } from "../images/image.ts";

const FLOAT = 4;
const KEY = 8;
/** Weight of each neighbor in a pass of blurring, [1, 2, 1] / 2. */
const SIDE = 0.5;
/**
 * Factor by which the lattice is finer than in the paper. The paper's spacing suits points that fill space evenly; on
 * the colors of images this one is closer to the sum over all pairs (method 4, item 7).
 */
const REFINEMENT = 1.03;
/** Number of vertices above which no connecting vertices are added: they would cost more than they improve. */
const MOST_BRIDGED = 150_000;
/** Largest distance from the center, in deviations, that the key of a vertex can represent. */
const FARTHEST = 1500;

/** A block of memory and the kernels working on it. */
export interface Workspace {
  readonly memory: Memory;
  readonly kernels: Kernels;
  /** Beginning of error messages, such as "dense CRF of 500 x 375 pixels". */
  readonly owner: string;
}

/** Points to filter over; their distances give the weights. */
export interface Points {
  readonly count: number;
  /** 1 to 5. */
  readonly dimensions: number;
  /** Writes the coordinates, in deviations, [count, dimensions]. */
  write(target: Float32Array): void;
}

/**
 * Permutohedral lattice (Adams et al. 2010) over points: filters rows of values by the Gaussian exp(−|p − q|² / 2), up
 * to a factor, in time linear in the number of points:
 *
 *     points ── splat ──→ vertices ── blur along each axis ──→ vertices ── slice ──→ points
 *
 * In d dimensions a point lies in a simplex with d + 1 corners, which are vertices. Occupies the memory from `start` to
 * `end`.
 */
export class Lattice {
  readonly end: number;

  private constructor(
    private readonly workspace: Workspace,
    private readonly layout: Layout,
    private readonly lines: readonly Lines[],
    readonly vertices: number,
  ) {
    this.end = align(lines.at(-1)!.at + lines.at(-1)!.length * FLOAT);
  }

  /** Builds the lattice at an address that is a multiple of 16; the memory grows as needed. */
  static build(workspace: Workspace, start: number, points: Points): Lattice {
    const layout = layOut(start, points);
    const embedded = embed(workspace, layout, points);
    const vertices = embedded > MOST_BRIDGED ? embedded : bridge(workspace, layout, embedded);
    return new Lattice(workspace, layout, connect(workspace, layout, vertices), vertices);
  }

  /** Bytes of the values of all vertices, given the bytes of one row. */
  sizeOf(bytes: number): number {
    return this.vertices * bytes;
  }

  /** Distributes the points' rows at `source` over the vertices' rows at `values`, then blurs the vertices. */
  splat(source: number, values: number, bytes: number, { reverse = false } = {}): void {
    const { kernels, memory } = this.workspace;
    const { simplices, weights, corners, count, scratch } = this.layout;
    if (bytes > SCRATCH) {
      throw new RangeError(
        `${this.workspace.owner}: ${bytes / FLOAT} values for each point; a lattice filters at most ${SCRATCH / FLOAT}`,
      );
    }
    clear(memory, values, this.sizeOf(bytes));
    kernels.latticeSplat({ simplices, weights, corners, count, source, vertices: values, bytes });
    for (const { at, length } of reverse ? this.lines.toReversed() : this.lines) {
      kernels.latticeBlur({
        lines: at,
        length,
        vertices: values,
        bytes,
        side: SIDE,
        previous: scratch,
      });
    }
  }

  /** Adds the filtered rows of `count` points, beginning with `first`, to those at `target`. */
  slice(
    values: number,
    target: number,
    bytes: number,
    { first, count }: { readonly first: number; readonly count: number },
  ): void {
    const { corners } = this.layout;
    const skipped = first * corners * FLOAT;
    this.workspace.kernels.latticeSlice({
      simplices: this.layout.simplices + skipped,
      weights: this.layout.weights + skipped,
      corners,
      count,
      vertices: values,
      target,
      bytes,
    });
  }

  /** Multiplies the weights of each point by its factor, for splatting and for slicing. */
  scale(factors: Float32Array): void {
    const { weights, corners, count } = this.layout;
    const shares = new Float32Array(this.workspace.memory.buffer, weights, count * corners);
    for (let i = 0; i < shares.length; i++) shares[i]! *= factors[Math.floor(i / corners)]!;
  }

  /**
   * Sum of the filter's weights at every point, including that of the point itself. It is the mean over both orders of
   * blurring, which differ where vertices are missing.
   *
   * @param free address of unused memory, a multiple of 16
   */
  weightSums(free: number): Float32Array {
    const { memory, owner } = this.workspace;
    const { count } = this.layout;
    const bytes = 4 * FLOAT;
    const rows = count * bytes;
    ensure(memory, free + 2 * rows + this.sizeOf(bytes), owner);
    new Float32Array(memory.buffer, free, count * 4).fill(1);
    clear(memory, free + rows, rows);
    for (const reverse of [false, true]) {
      this.splat(free, free + 2 * rows, bytes, { reverse });
      this.slice(free + 2 * rows, free + rows, bytes, { first: 0, count });
    }
    const sums = new Float32Array(memory.buffer, free + rows, count * 4);
    return Float32Array.from({ length: count }, (_, p) => sums[4 * p]! / 2);
  }
}

/** Pixels of an image as points (x, y, red, green, blue), each coordinate divided by its deviation. */
export function pixelPoints(
  { width, height, data }: Image,
  { positionDeviation, colorDeviation }: { positionDeviation: number; colorDeviation: number },
): Points {
  const write = (target: Float32Array): void => {
    for (let p = 0, i = 0, c = 0; p < width * height; p++) {
      target[i++] = (p % width) / positionDeviation;
      target[i++] = Math.floor(p / width) / positionDeviation;
      for (let k = 0; k < 3; k++) target[i++] = data[c++]! / colorDeviation;
    }
  };
  return { count: width * height, dimensions: 5, write };
}

/** Sizes and byte addresses; the memory from `keys` on is reused while the lattice is built. */
interface Layout {
  readonly count: number;
  readonly dimensions: number;
  readonly corners: number;
  readonly scales: number;
  readonly scratch: number;
  readonly simplices: number;
  readonly weights: number;
  readonly keys: number;
}

/** The lines of vertices along one axis: i32 [length] at the address `at`. */
interface Lines {
  readonly at: number;
  readonly length: number;
}

/** Bytes of scratch, enough for a row of 256 classes and for `latticeEmbed`. */
const SCRATCH = 1024;

function layOut(start: number, { count, dimensions }: Points): Layout {
  const corners = dimensions + 1;
  const scratch = start + 64;
  const simplices = scratch + SCRATCH;
  const weights = simplices + align(count * corners * FLOAT);
  const keys = weights + align(count * corners * FLOAT);
  return { count, dimensions, corners, scales: start, scratch, simplices, weights, keys };
}

/** Finds the simplex around every point; returns the number of vertices, whose keys are at `keys`. */
function embed({ memory, kernels, owner }: Workspace, layout: Layout, points: Points): number {
  const { count, dimensions, corners, scales, scratch, simplices, weights, keys } = layout;
  const { shift, bytes } = tableFor(count * corners);
  const table = keys + count * corners * KEY;
  const features = align(table + bytes);
  ensure(memory, features + count * dimensions * FLOAT, owner);
  const coordinates = new Float32Array(memory.buffer, features, count * dimensions);
  points.write(coordinates);
  center(coordinates, dimensions, owner);
  new Float32Array(memory.buffer, scales, dimensions).set(scalesOf(dimensions));
  clear(memory, table, bytes);
  return kernels.latticeEmbed({
    features,
    count,
    d: dimensions,
    scales,
    scratch,
    table,
    shift,
    keys,
    simplices,
    weights,
  });
}

/** Adds vertices that connect existing ones; returns the number of all vertices. */
function bridge({ memory, kernels, owner }: Workspace, layout: Layout, vertices: number): number {
  const { dimensions, corners, keys } = layout;
  const candidates = vertices * 2 * corners;
  const { shift, bytes } = tableFor(vertices + candidates);
  const table = keys + (vertices + candidates) * KEY;
  const counts = table + bytes;
  ensure(memory, counts + candidates, owner);
  clear(memory, table, bytes);
  kernels.latticeIndex({ keys, vertices, table, shift });
  return kernels.latticeBridge({ keys, vertices, d: dimensions, table, shift, counts });
}

/** Lists, for each axis, the vertices in the order of their lines, along which values are blurred. */
function connect(workspace: Workspace, layout: Layout, vertices: number): Lines[] {
  const { memory, kernels, owner } = workspace;
  const { dimensions, corners, keys } = layout;
  const { shift, bytes } = tableFor(vertices);
  const table = keys + vertices * KEY;
  const next = table + bytes;
  const inner = next + vertices * FLOAT;
  let at = align(inner + vertices);
  ensure(memory, at + corners * vertices * FLOAT, owner);
  clear(memory, table, bytes);
  kernels.latticeIndex({ keys, vertices, table, shift });
  return Array.from({ length: corners }, (_, axis) => {
    const lines = at;
    const length = kernels.latticeLines({
      keys,
      vertices,
      d: dimensions,
      axis,
      table,
      shift,
      next,
      inner,
      lines,
    });
    at += length * FLOAT;
    return { at: lines, length };
  });
}

/** Centers points on the origin, so that their coordinates fit into keys. */
function center(coordinates: Float32Array, dimensions: number, owner: string): void {
  let square = 0;
  for (let d = 0; d < dimensions; d++) {
    let [low, high] = [Infinity, -Infinity];
    for (let i = d; i < coordinates.length; i += dimensions) {
      low = Math.min(low, coordinates[i]!);
      high = Math.max(high, coordinates[i]!);
    }
    const middle = Math.round((low + high) / 2);
    for (let i = d; i < coordinates.length; i += dimensions) coordinates[i]! -= middle;
    square += Math.max(high - middle, middle - low) ** 2;
  }
  const farthest = Math.sqrt(square);
  if (!(farthest <= FARTHEST)) {
    throw new RangeError(
      `${owner}: pixels are up to ${farthest.toFixed(0)} deviations from the center, but a lattice reaches ${FARTHEST}; give larger deviations`,
    );
  }
}

/** Factors on the dimensions that make the deviation of the filter 1. */
function scalesOf(d: number): number[] {
  const spacing = REFINEMENT * Math.sqrt(2 / 3) * (d + 1);
  return Array.from({ length: d }, (_, i) => spacing / Math.sqrt((i + 1) * (i + 2)));
}

/** Size of a hash table for this many keys, at most two thirds full. */
function tableFor(keys: number): { shift: number; bytes: number } {
  const bits = Math.max(4, Math.ceil(Math.log2(keys * 1.5)));
  return { shift: 64 - bits, bytes: 2 ** bits * FLOAT };
}

function clear(memory: Memory, at: number, bytes: number): void {
  new Uint8Array(memory.buffer, at, bytes).fill(0);
}
