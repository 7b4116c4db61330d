/**
 * Applies a function to all items, at most `limit` at a time; the results are in the order of the items. A result that is
 * not a promise is stored without yielding to other work. After a failure no item is begun, and those under way are awaited.
 */
export async function mapAtOnce<T, R>(
  items: { readonly length: number; at(index: number): T | undefined },
  limit: number,
  apply: (item: T, index: number) => R | Promise<R>,
): Promise<R[]> {
  const results = new Array<R>(items.length);
  let next = 0;
  let failure: { readonly error: unknown } | undefined;
  const work = async (): Promise<void> => {
    try {
      for (let i = next++; i < items.length && !failure; i = next++) {
        const result = apply(items.at(i)!, i);
        results[i] = result instanceof Promise ? await result : result;
      }
    } catch (error) {
      failure ??= { error };
    }
  };
  await Promise.all(Array.from({ length: Math.min(limit, items.length) }, work));
  if (failure) throw failure.error;
  return results;
}
