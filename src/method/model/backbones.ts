/** Dimensions of an encoder, a Mix Transformer or PVTv2, one value for each stage. */
export interface Backbone {
  readonly channels: readonly [number, number, number, number];
  readonly depths: readonly [number, number, number, number];
  readonly heads: readonly [number, number, number, number];
  /** Factor by which the sides of the map are reduced for keys and values. */
  readonly reductions: readonly [number, number, number, number];
  /** Hidden channels of the feed-forward layers as a multiple of the stage's channels. */
  readonly ratios: readonly [number, number, number, number];
}

const heads = [1, 2, 5, 8] as const;
const reductions = [8, 4, 2, 1] as const;
const narrow = [32, 64, 160, 256] as const;
const wide = [64, 128, 320, 512] as const;
const tiny = [16, 32, 40, 64] as const;

const mit = { heads, reductions, ratios: [4, 4, 4, 4] } as const;
const pvt = { heads, reductions, ratios: [8, 8, 4, 4] } as const;

/**
 * SegFormer's encoders (method 1.2; SegFormer table 6), PVTv2 (arXiv 2106.13797, table 1), which differ in the
 * feed-forward layers alone, and small ones of our own for CPUs and tests. mit_b5 and pvt_v2_b5 are one network.
 */
export const backbones = {
  mit_b0: { channels: narrow, depths: [2, 2, 2, 2], ...mit },
  mit_b1: { channels: wide, depths: [2, 2, 2, 2], ...mit },
  mit_b2: { channels: wide, depths: [3, 4, 6, 3], ...mit },
  mit_b3: { channels: wide, depths: [3, 4, 18, 3], ...mit },
  mit_b4: { channels: wide, depths: [3, 8, 27, 3], ...mit },
  mit_b5: { channels: wide, depths: [3, 6, 40, 3], ...mit },
  pvt_v2_b0: { channels: narrow, depths: [2, 2, 2, 2], ...pvt },
  pvt_v2_b1: { channels: wide, depths: [2, 2, 2, 2], ...pvt },
  pvt_v2_b2: { channels: wide, depths: [3, 4, 6, 3], ...pvt },
  pvt_v2_b3: { channels: wide, depths: [3, 4, 18, 3], ...pvt },
  pvt_v2_b4: { channels: wide, depths: [3, 8, 27, 3], ...pvt },
  pvt_v2_b5: { channels: wide, depths: [3, 6, 40, 3], ...mit },
  /** For small images and training on a CPU from random weights. */
  mit_small: { channels: [16, 32, 80, 128], depths: [1, 1, 2, 2], ...mit },
  /** For tests. */
  mit_tiny: { channels: tiny, depths: [1, 1, 2, 2], ...mit },
  /** For tests. */
  pvt_v2_tiny: { channels: tiny, depths: [1, 1, 2, 2], ...pvt },
} as const satisfies Record<string, Backbone>;

export type BackboneName = keyof typeof backbones;

/** Whether two backbones are one network, whose weights fit each other. */
export function isSameBackbone(a: BackboneName, b: BackboneName): boolean {
  return (["channels", "depths", "heads", "reductions", "ratios"] as const).every(
    (key) => String(backbones[a][key]) === String(backbones[b][key]),
  );
}
