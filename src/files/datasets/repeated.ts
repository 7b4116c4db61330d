import type { Problem } from "./listing/listing.ts";

/** Problems that differ in nothing but names and numbers. */
export interface RepeatedProblems {
  /** The first few. */
  readonly shown: readonly Problem[];
  /** The number of the others. */
  readonly more: number;
}

/** Most problems of a kind that are shown. */
const mostOfAKind = 5;

/** Groups the problems of one cause, in the order of the first of each. */
export function groupRepeated(problems: readonly Problem[]): RepeatedProblems[] {
  const groups = new Map<string, Problem[]>();
  for (const problem of problems) {
    const key = kindOf(problem);
    const group = groups.get(key);
    if (group) group.push(problem);
    else groups.set(key, [problem]);
  }
  return [...groups.values()].map((group) => ({
    shown: group.slice(0, mostOfAKind),
    more: Math.max(0, group.length - mostOfAKind),
  }));
}

/** A message without what it quotes (a list of quotes counts as one), names of images, paths and numbers. */
function kindOf({ message }: Problem): string {
  return message
    .replace(/"[^"]*"(, "[^"]*")*/g, '"…"')
    .replace(/^.*?\.(jpe?g|png|webp|tiff?|gif|bmp|heic)\b/i, "…")
    .replace(/\S*[\d./\\]\S*/g, "…")
    .replace(/…(\s+…)+/g, "…");
}
