/** Work in progress elsewhere, for example in a worker thread. */
export interface Work<T> {
  readonly finished: Promise<T>;
}

/**
 * Yields the results of work in the order in which it starts. At most `limit` pieces may be unfinished when the next
 * one starts, so that they overlap but memory stays bounded.
 */
export async function* overlap<T>(
  works: AsyncIterable<Work<T>>,
  limit: number,
): AsyncGenerator<T, void> {
  const queue: Promise<T>[] = [];
  for await (const { finished } of works) {
    // A failure is thrown when it is this piece's turn.
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
