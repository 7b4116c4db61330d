/** Something under way that will be finished elsewhere, such as a worker thread. */
export interface Begun<T> {
  readonly finished: Promise<T>;
}

/**
 * The results of what is begun, in its order. Up to `limit` may be unfinished while the next is begun, so
 * that the end of one overlaps the beginning of others and memory stays bounded.
 */
export async function* overlap<T>(
  begun: AsyncIterable<Begun<T>>,
  limit: number,
): AsyncGenerator<T, void> {
  const queue: Promise<T>[] = [];
  for await (const { finished } of begun) {
    // A failure is met when its turn comes.
    finished.catch(() => undefined);
    queue.push(finished);
    while (queue.length > limit) yield await queue.shift()!;
  }
  while (queue.length > 0) yield await queue.shift()!;
}

/**
 * How many images are to be under way at once: as many as the networks look at side by side, and with a CRF
 * that works elsewhere `ahead`; none beyond the one at hand where there is neither.
 */
export function imagesAhead({
  lanes,
  crf,
  ahead,
}: {
  readonly lanes: number;
  readonly crf: boolean;
  readonly ahead: number;
}): number {
  return Math.max(lanes > 1 ? lanes : 0, crf ? ahead : 0);
}
