import type { Curve } from "./chart-drawing.tsx";

/** Curves of a training, in the order of their colors. */
export const lossNames = ["total", "cls", "seg", "affinity"] as const;
export const scoreNames = ["seg", "affinityCam", "cam", "tagF1"] as const;

const colors = ["--curve-1", "--curve-2", "--curve-3", "--curve-4"] as const;
/** More points than a screen has pixels only take time. */
const mostPoints = 1000;

/** A curve for each name, with gaps where there is no finite value. */
export function curvesOf<Name extends string, Entry>(
  names: readonly Name[],
  labels: Readonly<Record<Name, string>>,
  entries: readonly Entry[],
  valueOf: (entry: Entry, name: Name) => number | null | undefined,
): Curve[] {
  return names.map((name, i) => {
    const values = entries.map((entry) => valueOf(entry, name) ?? null);
    const finite = values.map((value) => (value !== null && Number.isFinite(value) ? value : null));
    return { label: labels[name], color: colors[i]!, values: finite };
  });
}

/** Every n-th step, and the last one. */
export function thinned<Step>(steps: readonly Step[]): readonly Step[] {
  const every = Math.ceil(steps.length / mostPoints);
  return every <= 1 ? steps : steps.filter((_, i) => i % every === 0 || i === steps.length - 1);
}
