import type { Config } from "../config.ts";

/** Tokens across an image for each token of an automatic radius; chosen on validation scenes. */
const tokensPerRadius = 8;

/**
 * Largest distance of affinity pairs on a grid of tokens. `auto` takes an eighth of the shorter side, at least 1: a wider
 * window on a small grid links things that merely lie in the same picture.
 */
export function windowRadius(
  radius: Config["pseudo"]["radius"],
  { width, height }: { readonly width: number; readonly height: number },
): number {
  if (radius !== "auto") return radius;
  return Math.max(1, Math.floor(Math.min(width, height) / tokensPerRadius));
}
