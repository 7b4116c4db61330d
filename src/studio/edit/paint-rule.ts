import { ignoreIndex } from "../../method/images/image.ts";

/** What may be painted over: everything, everything but the locked labels, or only pixels that are not known. */
export const paintOver = ["all", "unlocked", "ignore"] as const;
export type PaintOver = (typeof paintOver)[number];

/** Which labels give way to the brush: 1 for those that do, by label. */
export function paintableOver(over: PaintOver, locked: ReadonlySet<number>): Uint8Array {
  if (over === "ignore") {
    const only = new Uint8Array(256);
    only[ignoreIndex] = 1;
    return only;
  }
  const all = new Uint8Array(256).fill(1);
  if (over === "unlocked") for (const label of locked) all[label] = 0;
  return all;
}

/**
 * The labels that an image can be painted with, ascending: background, its classes and "not known".
 * With `knownTags`, only the classes that it is tagged with; an image whose tags are not known can have all.
 */
export function paletteOf({
  classes,
  tags,
  untagged,
  knownTags,
}: {
  /** Number of classes. */
  readonly classes: number;
  readonly tags: readonly number[];
  readonly untagged: boolean;
  readonly knownTags: boolean;
}): readonly number[] {
  const all = Array.from({ length: Math.min(classes, ignoreIndex - 1) }, (_, i) => i);
  const shown = knownTags && !untagged ? all.filter((i) => tags.includes(i)) : all;
  return [0, ...shown.map((i) => i + 1), ignoreIndex];
}
