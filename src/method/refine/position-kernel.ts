import { layOut } from "../../engine/kernels/index.ts";
import type { Maps } from "../images/maps.ts";
import { pixelBytes } from "./interleaved.ts";
import type { Workspace } from "./lattice.ts";

const FLOAT = 4;
/** Number of deviations at which the Gaussian is cut off; it has fallen to 3e-4 of its height there. */
const REACH = 4;

/** Sizes and byte addresses of one image in the memory; a pixel has one float per class, padded to whole vectors. */
export interface CrfLayout {
  readonly width: number;
  readonly height: number;
  /** Bytes of a pixel. */
  readonly bytes: number;
  readonly rowBytes: number;
  /** Pixels that the smoothing reaches in each direction. */
  readonly radius: number;
  readonly addresses: Readonly<
    Record<
      "taps" | "acrossScales" | "rowPointers" | "padded" | "rows" | "scores" | "unary" | "beliefs",
      number
    >
  >;
  readonly end: number;
}

/** Places the areas of an image with its maps in the memory. */
export function layOutCrf(
  { count, width, height }: Maps,
  { gaussianDeviation }: { readonly gaussianDeviation: number },
): CrfLayout {
  const bytes = pixelBytes(count);
  const rowBytes = width * bytes;
  const radius = Math.min(Math.ceil(REACH * gaussianDeviation), Math.max(width, height) - 1);
  const { addresses, end } = layOut({
    taps: (radius + 1) * FLOAT, // f32 [radius + 1]: the Gaussian at 0, 1, ... pixels
    acrossScales: width * FLOAT, // f32 [width]: 1 / √D along a row
    rowPointers: (2 * radius + 1) * FLOAT, // i32: addresses of the rows that one row is computed from
    padded: rowBytes + 2 * radius * bytes, // a row between margins of zeros
    rows: (2 * radius + 2) * rowBytes, // ring of 2 · radius + 1 rows smoothed across, and a row of zeros
    scores: rowBytes, // one row of logits
    unary: height * rowBytes, // logarithms of the probabilities
    beliefs: height * rowBytes, // Q of the mean field
  });
  return { width, height, bytes, rowBytes, radius, addresses, end };
}

/**
 * The CRF's Gaussian kernel on position, k(p, q) = exp(−|p − q|² / 2σ²) with q = p included, normalized symmetrically:
 * k(p, q) / √(D(p) · D(q)), where D(p) = Σ_q k(p, q).
 *
 * k is separable, k = k(across) · k(down), and so is D. With the taps 1 and t, on 3 × 3 pixels:
 *
 *     D along an axis: 1 + t, 1 + 2t, 1 + t
 *     D:               (1 + t)²           (1 + t)(1 + 2t)    (1 + t)²
 *                      (1 + t)(1 + 2t)    (1 + 2t)²          (1 + t)(1 + 2t)
 *                      (1 + t)²           (1 + t)(1 + 2t)    (1 + t)²
 *
 * So the message to row y takes two passes: beliefs are smoothed across their rows, then down over rows y − r to y + r.
 * The rows stream through a ring, in which row y has slot y mod (2r + 1):
 *
 *     beliefs          ring                    scores
 *     row y + r ──→    row y + r  (newest) ┐
 *                      ⋮                   ├→  row y
 *                      row y − r  (oldest) ┘
 *
 * When the scores of row y are known, its beliefs are already in the ring: the caller may overwrite them.
 */
export class PositionSmoothing {
  private readonly downScales: Float32Array;
  private readonly weight: number;
  /** The next row to smooth across. */
  private next = 0;

  constructor(
    private readonly workspace: Workspace,
    private readonly layout: CrfLayout,
    {
      gaussianDeviation,
      gaussianWeight,
    }: { readonly gaussianDeviation: number; readonly gaussianWeight: number },
  ) {
    const { width, height, radius, rowBytes, bytes } = layout;
    const { taps, acrossScales, padded } = layout.addresses;
    const { buffer } = workspace.memory;
    const weights = Float32Array.from({ length: radius + 1 }, (_, r) =>
      Math.exp(-((r / gaussianDeviation) ** 2) / 2),
    );
    new Float32Array(buffer, taps, radius + 1).set(weights);
    new Float32Array(buffer, acrossScales, width).set(inverseRoots(weights, width));
    this.downScales = inverseRoots(weights, height);
    this.weight = gaussianWeight;
    new Uint8Array(buffer, padded, rowBytes + 2 * radius * bytes).fill(0);
    new Uint8Array(buffer, this.slot(-1), rowBytes).fill(0);
  }

  /** Begins a mean field iteration at the first row. */
  start(): void {
    this.next = 0;
  }

  /** Writes the scores of row y: log probabilities plus the weighted message. Rows must be taken in order. */
  row(y: number): void {
    const { width, height, bytes, rowBytes, radius } = this.layout;
    const { acrossScales, taps, padded, rowPointers, unary, beliefs, scores } =
      this.layout.addresses;
    const { kernels, memory } = this.workspace;
    const pass = { width, bytes, scales: acrossScales, taps, radius };
    for (; this.next <= Math.min(y + radius, height - 1); this.next++) {
      kernels.gaussianAcross({
        ...pass,
        row: beliefs + this.next * rowBytes,
        scale: this.downScales[this.next]!,
        padded,
        target: this.slot(this.next),
      });
    }
    const pointers = new Uint32Array(memory.buffer, rowPointers, 2 * radius + 1);
    for (let r = -radius; r <= radius; r++) {
      pointers[r + radius] = this.slot(y + r < height ? y + r : -1);
    }
    kernels.gaussianDown({
      ...pass,
      rows: rowPointers,
      scale: this.weight * this.downScales[y]!,
      unary: unary + y * rowBytes,
      target: scores,
    });
  }

  /** Address of a row in the ring; a row outside the image is the row of zeros. */
  private slot(y: number): number {
    const { addresses, rowBytes, radius } = this.layout;
    const ring = 2 * radius + 1;
    return addresses.rows + (y < 0 ? ring : y % ring) * rowBytes;
  }
}

/** 1 / √D at each position along an axis. */
function inverseRoots(taps: Float32Array, length: number): Float32Array {
  return Float32Array.from({ length }, (_, x) => {
    let sum = taps[0]!;
    for (let r = 1; r < taps.length; r++) {
      sum += taps[r]! * (Number(x >= r) + Number(x + r < length));
    }
    return 1 / Math.sqrt(sum);
  });
}
