import { forWindow } from "./affinity-label.ts";
import type { Affinity } from "./random-walk.ts";

/** What one token has to do with each of the others, [t] each. */
export interface TokenAffinity {
  /** Its row of the learned affinity, 0..1. */
  readonly affinity: Float32Array;
  /** Share of its score that each token takes over in a step of the random walk: its row of the matrix of the walk. */
  readonly spreads: Float32Array;
  /** Share of each token's score in its own after a step: its column of the matrix. */
  readonly receives: Float32Array;
}

/**
 * The affinity of one token, and what it gives and takes in a step of the random walk (method 2.6), whose matrix is the squared
 * affinity within the radius, each column divided by (its sum + 0.1).
 */
export function tokenAffinity(
  { width, height, data }: Affinity,
  token: number,
  radius: number,
): TokenAffinity {
  const tokens = width * height;
  if (!(Number.isInteger(token) && token >= 0 && token < tokens)) {
    throw new RangeError(
      `tokenAffinity: token ${token}, but there are ${tokens}; give 0 to ${tokens - 1}`,
    );
  }
  const link = (from: number, to: number): number => data[from * tokens + to]! ** 2;
  const sumOf = (column: number): number => {
    let sum = 0;
    forWindow(column, width, height, radius, (first, last) => {
      for (let i = first; i < last; i++) sum += link(i, column);
    });
    return sum + 0.1;
  };
  const spreads = new Float32Array(tokens);
  const receives = new Float32Array(tokens);
  const ownSum = sumOf(token);
  forWindow(token, width, height, radius, (first, last) => {
    for (let other = first; other < last; other++) {
      spreads[other] = link(token, other) / sumOf(other);
      receives[other] = link(other, token) / ownSum;
    }
  });
  return { affinity: data.slice(token * tokens, (token + 1) * tokens), spreads, receives };
}
