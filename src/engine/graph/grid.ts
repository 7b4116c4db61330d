import { mulDim } from "./dim.ts";
import { reshape, transpose } from "./shape-ops.ts";
import type { Dim, Tensor } from "./tensor.ts";

/** A batch of feature maps as rows of tokens, the layout in which matrix products need no transpose. */
export interface Grid {
  /** [n·h·w, c] */
  readonly tokens: Tensor;
  readonly n: Dim;
  readonly h: Dim;
  readonly w: Dim;
}

/** The same grid with other tokens. */
export function withTokens({ n, h, w }: Grid, tokens: Tensor): Grid {
  return { tokens, n, h, w };
}

export function channelsOf(grid: Grid): number {
  return grid.tokens.shape[1] as number;
}

/** Number of tokens of one image, h·w. */
export function tokenCount({ h, w }: Grid): Dim {
  return mulDim(h, w);
}

/** Maps in PyTorch's layout, [n, c, h, w]. */
export function toChannelsFirst(grid: Grid): Tensor {
  const { tokens, n, h, w } = grid;
  return transpose(reshape(tokens, [n, h, w, channelsOf(grid)]), [0, 3, 1, 2]);
}

/** The inverse of `toChannelsFirst`. @param map [n, c, h, w] */
export function fromChannelsFirst(map: Tensor): Grid {
  const [n, c, h, w] = map.shape as [Dim, Dim, Dim, Dim];
  return { tokens: reshape(transpose(map, [0, 2, 3, 1]), [mulDim(mulDim(n, h), w), c]), n, h, w };
}
