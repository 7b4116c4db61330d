import type { PaintOver } from "../../edit/paint-rule.ts";

export const tools = ["brush", "erase", "bucket", "lasso", "grow", "pan"] as const;
export type Tool = (typeof tools)[number];

/** What the person has chosen; it stays from image to image. */
export interface PaintSettings {
  readonly tool: Tool;
  /** Label that is painted. */
  readonly label: number;
  /** Diameter of the brush, in pixels of the image. */
  readonly size: number;
  readonly over: PaintOver;
  readonly locked: ReadonlySet<number>;
  /** Largest difference of colors, 0..255 in each channel, that a bucket fills over; 255 for any. */
  readonly tolerance: number;
  /** Affinity, 0..1, that a region grows up to. */
  readonly threshold: number;
}

export const smallestBrush = 1;
export const largestBrush = 2000;

/** The next size of a brush: by a quarter, at least by one. */
export function nextSize(size: number, direction: 1 | -1): number {
  const factor = direction > 0 ? 1.25 : 0.8;
  const next = Math.round(size * factor);
  const changed = next === size ? size + direction : next;
  return Math.min(largestBrush, Math.max(smallestBrush, changed));
}
