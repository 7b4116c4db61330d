/** The tags of an image, or that they are not known. */
export interface TagState {
  readonly tags: readonly number[];
  readonly untagged: boolean;
}

/** What a person did to the tags of an image. */
export interface TagChange {
  readonly id: number;
  readonly before: TagState;
  readonly after: TagState;
}

export function isSame(a: TagState, b: TagState): boolean {
  return (
    a.untagged === b.untagged &&
    a.tags.length === b.tags.length &&
    a.tags.every((tag) => b.tags.includes(tag))
  );
}

/** With a class more or less; an image of which a class is known has known tags. */
export function withTag({ tags, untagged }: TagState, tag: number, isSet: boolean): TagState {
  if (isSet) return { tags: sorted([...tags, tag]), untagged: false };
  return { tags: tags.filter((one) => one !== tag), untagged };
}

/**
 * Makes a change on tags that somebody else has changed meanwhile: what it adds is added, what it removes is removed, and all else
 * stays. Tags that others gave are not made unknown.
 */
export function mergeChange({ before, after }: TagChange, current: TagState): TagState {
  if (isSame(current, before)) return after;
  const kept = current.tags.filter((tag) => !before.tags.includes(tag) || after.tags.includes(tag));
  const tags = sorted([...kept, ...after.tags.filter((tag) => !before.tags.includes(tag))]);
  const isUnknown = after.untagged === before.untagged ? current.untagged : after.untagged;
  return { tags, untagged: tags.length === 0 && isUnknown };
}

export function inverse({ id, before, after }: TagChange): TagChange {
  return { id, before: after, after: before };
}

function sorted(tags: readonly number[]): number[] {
  return [...new Set(tags)].sort((a, b) => a - b);
}
