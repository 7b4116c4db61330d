/** Takes the pixels `first` to `last` of row `y`, both included. */
export type TakeSpan = (y: number, first: number, last: number) => void;

/**
 * Takes the pixels whose centers lie between two edges of a row, limited to the row.
 * @param left edge in pixels, so that the center of pixel x is x + 0.5
 */
export function takeCenters(
  y: number,
  left: number,
  right: number,
  width: number,
  take: TakeSpan,
): void {
  const first = Math.max(0, Math.ceil(left - 0.5));
  const last = Math.min(width - 1, Math.floor(right - 0.5));
  if (first <= last) take(y, first, last);
}
