import type { TakeSpan } from "./spans.ts";

/**
 * The pixels that are inside and can be reached from the given one over the edges of pixels, span by span. Nothing is taken if
 * it is not inside itself. `take` may change the pixels, as long as `isInside` says the same of those that are left.
 */
export function flood(
  size: { readonly width: number; readonly height: number },
  isInside: (index: number) => boolean,
  x: number,
  y: number,
  take: TakeSpan,
): void {
  const { width, height } = size;
  const taken = new Uint8Array(width * height);
  const isFree = (index: number) => taken[index] === 0 && isInside(index);
  if (!isFree(y * width + x)) return;
  const stack = [x, y];
  while (stack.length > 0) {
    const row = stack.pop()!;
    const seed = stack.pop()!;
    const start = row * width;
    if (!isFree(start + seed)) continue;
    let first = seed;
    while (first > 0 && isFree(start + first - 1)) first--;
    let last = seed;
    while (last < width - 1 && isFree(start + last + 1)) last++;
    taken.fill(1, start + first, start + last + 1);
    for (const next of [row - 1, row + 1]) {
      if (next < 0 || next >= height) continue;
      // One seed for each run of free pixels in the neighboring row.
      let wasFree = false;
      for (let i = first; i <= last; i++) {
        const free = isFree(next * width + i);
        if (free && !wasFree) stack.push(i, next);
        wasFree = free;
      }
    }
    take(row, first, last);
  }
}
