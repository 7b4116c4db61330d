/** What the order in which masks are reviewed depends on. */
interface Reviewed {
  readonly confidence: number;
  /** Tags that no pixel of the mask shows. */
  readonly missing?: readonly unknown[];
}

/** Masks that lack a tag, then the others; among both the least sure first, before them those without a confidence. */
export function inReviewOrder<T extends Reviewed>(masks: readonly T[]): T[] {
  return [...masks].sort(compareReviewed);
}

/** The same order for two masks; 0 where it leaves that of the images. */
export function compareReviewed(a: Reviewed, b: Reviewed): number {
  return complete(a) - complete(b) || order(a) - order(b);
}

/** 0 for a mask that lacks a tag. */
function complete({ missing = [] }: Reviewed): number {
  return missing.length > 0 ? 0 : 1;
}

function order({ confidence }: Reviewed): number {
  return Number.isFinite(confidence) ? confidence : -1;
}
