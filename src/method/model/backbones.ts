/** Dimensions of a Mix Transformer, one value for each stage. */
export interface Backbone {
  readonly channels: readonly [number, number, number, number];
  readonly depths: readonly [number, number, number, number];
  readonly heads: readonly [number, number, number, number];
  /** Factor by which the sides of the map are reduced for keys and values. */
  readonly reductions: readonly [number, number, number, number];
}

const heads = [1, 2, 5, 8] as const;
const reductions = [8, 4, 2, 1] as const;
const wide = [64, 128, 320, 512] as const;

/** SegFormer's encoders (method 1.2; SegFormer table 6), and two of our own for CPUs and tests. */
export const backbones = {
  mit_b0: { channels: [32, 64, 160, 256], depths: [2, 2, 2, 2], heads, reductions },
  mit_b1: { channels: wide, depths: [2, 2, 2, 2], heads, reductions },
  mit_b2: { channels: wide, depths: [3, 4, 6, 3], heads, reductions },
  mit_b3: { channels: wide, depths: [3, 4, 18, 3], heads, reductions },
  mit_b4: { channels: wide, depths: [3, 8, 27, 3], heads, reductions },
  mit_b5: { channels: wide, depths: [3, 6, 40, 3], heads, reductions },
  /** For small images and training on a CPU from random weights. */
  mit_small: { channels: [16, 32, 80, 128], depths: [1, 1, 2, 2], heads, reductions },
  /** For tests. */
  mit_tiny: { channels: [16, 32, 40, 64], depths: [1, 1, 2, 2], heads, reductions },
} as const satisfies Record<string, Backbone>;

export type BackboneName = keyof typeof backbones;
