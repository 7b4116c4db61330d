/** Of how many items of the queue one is drawn at random. */
export const drawEvery = 5;

/**
 * The lot of an image, 0..2^32 - 1, by its name alone: so it stays the same over restarts, retrainings and new images. FNV-1a over
 * the UTF-16 units, then the finalizer of MurmurHash3, without which names that differ in their last letter have lots beside each other.
 */
export function lotOf(name: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < name.length; i++) hash = Math.imul(hash ^ name.charCodeAt(i), 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}

/** Whether an image with this lot is one of the fifth that the queue takes in the order of their lots, however sure their masks are. */
export function isDrawn(lot: number): boolean {
  return lot % drawEvery === 0;
}

/** An image that waits for its review. */
export interface QueuedImage {
  readonly id: number;
  readonly lot: number;
  /** The least sure come first; below 0 for masks that lack a tag, which come before all others. */
  readonly confidence: number;
}

/**
 * The ids of images in the order of the review: the least sure first, and every fifth one drawn at random.
 *
 * A fifth of all images, by their lots, is set apart; they never come because they are unsure, but one after the other in the order of
 * their lots. So those of them that have been reviewed are at any time a random sample of all images, and tell of the others.
 * When one of the two kinds is used up, the other goes on alone.
 */
export function reviewQueue(images: readonly QueuedImage[]): number[] {
  const drawn = images.filter(({ lot }) => isDrawn(lot)).sort((a, b) => a.lot - b.lot || a.id - b.id); // prettier-ignore
  const rest = images
    .filter(({ lot }) => !isDrawn(lot))
    .sort((a, b) => a.confidence - b.confidence || a.id - b.id);
  const queue: number[] = [];
  let [nextDrawn, nextRest] = [0, 0];
  while (queue.length < images.length) {
    const isTurn = queue.length % drawEvery === drawEvery - 1;
    const takesDrawn = nextRest === rest.length || (isTurn && nextDrawn < drawn.length);
    queue.push(takesDrawn ? drawn[nextDrawn++]!.id : rest[nextRest++]!.id);
  }
  return queue;
}
