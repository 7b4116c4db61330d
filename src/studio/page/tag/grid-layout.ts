/** Where the cells of a grid of any length stand. */
export interface GridLayout {
  readonly columns: number;
  readonly rows: number;
  readonly cellWidth: number;
  readonly rowHeight: number;
  /** Height of all rows in pixels. */
  readonly height: number;
}

/** Between cells, and around them. */
export const gap = 6;

/** As many columns as there is room for, at least one, which share the width. */
export function layoutGrid(total: number, width: number, wanted: number): GridLayout {
  const room = Math.max(1, width - gap);
  const columns = Math.max(1, Math.floor(room / (wanted + gap)));
  const cellWidth = Math.floor(room / columns) - gap;
  const rowHeight = Math.round(cellWidth * 0.8) + gap;
  const rows = Math.ceil(total / columns);
  return { columns, rows, cellWidth, rowHeight, height: rows * rowHeight + gap };
}

/** The rows that can be seen from an offset, and one more on both sides. */
export function visibleRows(
  { rows, rowHeight }: GridLayout,
  offset: number,
  viewport: number,
): { readonly first: number; readonly last: number } {
  const first = Math.max(0, Math.floor((offset - gap) / rowHeight) - 1);
  const last = Math.min(rows - 1, Math.floor((offset + viewport - gap) / rowHeight) + 1);
  return { first, last };
}

/** The offset nearest to the present one from which a row is seen as a whole. */
export function offsetToShow(
  { rowHeight }: GridLayout,
  row: number,
  offset: number,
  viewport: number,
): number {
  const [top, bottom] = [row * rowHeight, (row + 1) * rowHeight + gap];
  if (top < offset) return top;
  return bottom > offset + viewport ? bottom - viewport : offset;
}
