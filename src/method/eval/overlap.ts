/** Work that was started and finishes elsewhere, for example in a worker thread. */
export interface Begun<T> {
  readonly finished: Promise<T>;
}

/**
 * Yields the results of started work in order. At most `limit` pieces may be unfinished when the next one starts, so
 * that pieces overlap and memory stays bounded.
 */
export async function* overlap<T>(
  begun: AsyncIterable<Begun<T>>,
  limit: number,
): AsyncGenerator<T, void> {
  const queue: Promise<T>[] = [];
  for await (const { finished } of begun) {
    // A failure is thrown when its turn comes.
    finished.catch(() => undefined);
    queue.push(finished);
    while (queue.length > limit) yield await queue.shift()!;
  }
  while (queue.length > 0) yield await queue.shift()!;
}

/**
 * Number of images that may be unfinished when the next one starts: one for each lane of the networks, or `ahead` with
 * a CRF if that is more; 0 with a single lane and no CRF.
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
