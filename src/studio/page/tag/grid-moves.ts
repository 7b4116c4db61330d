/** What the grid looks like to somebody who moves in it. */
export interface GridSteps {
  readonly columns: number;
  /** Rows of a screen. */
  readonly screenRows: number;
  readonly total: number;
}

/**
 * The position that a key leads to; undefined for keys that do not move.
 * @param key as `keyOf` names it, without Shift
 */
export function moved(
  key: string,
  position: number,
  { columns, screenRows, total }: GridSteps,
): number | undefined {
  const last = total - 1;
  const column = position % columns;
  const clamped = (to: number): number => Math.min(Math.max(to, 0), last);
  switch (key) {
    case "ArrowLeft":
      return clamped(position - 1);
    case "ArrowRight":
      return clamped(position + 1);
    case "ArrowUp":
      return position >= columns ? position - columns : position;
    case "ArrowDown":
      // From above the shorter last row into its last image.
      return Math.floor(position / columns) < Math.floor(last / columns)
        ? Math.min(position + columns, last)
        : position;
    case "PageUp":
      return position >= columns * screenRows ? position - columns * screenRows : column;
    case "PageDown":
      return clamped(position + columns * screenRows);
    case "Home":
      return position - column;
    case "End":
      return clamped(position - column + columns - 1);
    case "Ctrl+Home":
      return 0;
    case "Ctrl+End":
      return last;
    default:
      return undefined;
  }
}
