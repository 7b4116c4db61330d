import { staticShape } from "./dim.ts";
import { pad, reduceSum, reshape } from "./layout.ts";
import type { Tensor } from "./tensor.ts";
import { constant, node } from "./tensor.ts";

/**
 * Rows of a matrix, several gathered into one: out[i] = rows[indices[i]].
 * @param x [rows, c]
 * @param indices [n, k] row numbers, −1 for a row of zeros
 * @param inverse for each row of x the places in `indices` (flat) that read it, [rows, m], −1 for none
 * @returns [n, k, c]
 */
export function gatherRows(x: Tensor, indices: RowTable, inverse: RowTable): Tensor {
  const [rows, c] = staticShape("gatherRows", x.shape) as [number, number];
  // The zeros of border taps are read from one more row at the end.
  const source = indices.values.includes(-1) ? pad(x, [0, 0], [1, 0]) : x;
  const data = indices.values.map((v) => (v < 0 ? rows : v));
  const table = constant([indices.rows, indices.columns], data, "int64");
  return node(
    "Gather",
    [source, table],
    [indices.rows, indices.columns, c],
    (dy) => {
      const flat = reshape(dy, [indices.rows * indices.columns, c]);
      const spread = reduceSum(gatherRows(flat, inverse, indices), [1]); // [rows (+ 1), c]
      return [source === x ? spread : pad(spread, [0, 0], [1, 0]), null];
    },
    { attributes: { axis: 0 } },
  );
}

/** Which places of a table read each of `rows` rows: the `inverse` that `gatherRows` wants. */
export function invert({ values }: RowTable, rows: number): RowTable {
  const readers: number[][] = Array.from({ length: rows }, () => []);
  values.forEach((row, place) => {
    if (row >= 0) readers[row]!.push(place);
  });
  const most = readers.reduce((longest, r) => Math.max(longest, r.length), 0);
  return {
    rows,
    columns: most,
    values: readers.flatMap((r) => [...r, ...Array<number>(most - r.length).fill(-1)]),
  };
}

/** A table of row numbers, [rows, columns]. */
export interface RowTable {
  readonly rows: number;
  readonly columns: number;
  readonly values: readonly number[];
}
