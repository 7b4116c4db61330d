import { ignoreIndex, type LabelMap } from "../images/image.ts";
import { reduceLabels } from "../images/resize-labels.ts";

/** Whether the tokens of each pair share a label. */
export interface AffinityLabel {
  /** Number of tokens, t. */
  readonly tokens: number;
  /** `[t, t]`: 1 same label, 0 different labels, 255 ignore. */
  readonly data: Uint8Array;
  /** Number of pairs labeled 1. */
  readonly positives: number;
  /** Number of pairs labeled 0. */
  readonly negatives: number;
}

/**
 * Affinity labels of all pairs of tokens (method 2.5). Pairs further apart than the radius in either direction are
 * ignored, and so are pairs with an ignored token.
 *
 * @param stride side of a token in pixels
 */
export function affinityLabel(
  labels: LabelMap,
  { stride = 16, radius = 8 }: { stride?: number; radius?: number } = {},
): AffinityLabel {
  const { width, height, data: grid } = reduceLabels(labels, stride);
  const tokens = width * height;
  const data = new Uint8Array(tokens * tokens).fill(ignoreIndex);
  let positives = 0;
  let negatives = 0;
  for (let i = 0; i < tokens; i++) {
    const own = grid[i]!;
    if (own === ignoreIndex) continue;
    const row = i * tokens;
    forWindow(i, width, height, radius, (first, last) => {
      for (let j = first; j < last; j++) {
        if (grid[j] === ignoreIndex) continue;
        const same = grid[j] === own;
        data[row + j] = same ? 1 : 0;
        if (same) positives++;
        else negatives++;
      }
    });
  }
  return { tokens, data, positives, negatives };
}

/** Calls `visit` with each half-open run of tokens that lies within the radius of token i. */
export function forWindow(
  i: number,
  width: number,
  height: number,
  radius: number,
  visit: (first: number, last: number) => void,
): void {
  const x = i % width;
  const y = (i - x) / width;
  const left = Math.max(0, x - radius);
  const right = Math.min(width, x + radius + 1);
  const bottom = Math.min(height, y + radius + 1);
  for (let row = Math.max(0, y - radius); row < bottom; row++) {
    visit(row * width + left, row * width + right);
  }
}
