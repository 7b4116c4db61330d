import type { ValidationPanel } from "./evaluator.ts";

/**
 * Shares of the pixels that class activations give to background and every class, 0..1, in the mean over images. Ignored
 * pixels are none of them, so the sum may be below 1.
 */
export function camAreas(
  panels: readonly Pick<ValidationPanel, "cam">[],
  classes: number,
): number[] {
  const areas = new Array<number>(classes + 1).fill(0);
  for (const { cam } of panels) {
    const counts = new Array<number>(classes + 1).fill(0);
    for (const label of cam.data) if (label <= classes) counts[label]!++;
    counts.forEach((count, label) => (areas[label]! += count / cam.data.length / panels.length));
  }
  return areas;
}
