import { staticShape } from "./dim.ts";
import { pad, reduceSum, reshape } from "./shape-ops.ts";
import { type Tensor, constant, node } from "./tensor.ts";

/**
 * Copies rows of a matrix by their numbers: out[i, j] = x[indices[i, j]].
 * @param x [rows, c]
 * @param indices [n, k] row numbers, −1 for a row of zeros
 * @returns [n, k, c]
 */
export function gatherRows(x: Tensor, indices: RowTable): Tensor {
  const [rows, c] = staticShape("gatherRows", x.shape) as [number, number];
  // A row of zeros appended to x stands for −1.
  const source = indices.values.includes(-1) ? pad(x, [0, 0], [1, 0]) : x;
  const data = indices.values.map((v) => (v < 0 ? rows : v));
  const table = constant([indices.rows, indices.columns], data, "int64");
  return node(
    "Gather",
    [source, table],
    [indices.rows, indices.columns, c],
    (dy) => {
      const flat = reshape(dy, [indices.rows * indices.columns, c]);
      const sums = reduceSum(gatherRows(flat, readersOf(indices, rows)), [1]); // [rows, c]
      return [source === x ? sums : pad(sums, [0, 0], [1, 0]), null];
    },
    { attributes: { axis: 0 } },
  );
}

/**
 * For every row number, the flat positions in the table where it occurs, padded with −1 to the length of the longest
 * list. Of 3 rows, the table [[0, 1], [1, −1]] has 0 at position 0, 1 at positions 1 and 2, and 2 nowhere: [[0, −1],
 * [1, 2], [−1, −1]].
 */
function readersOf({ values }: RowTable, rows: number): RowTable {
  const readers: number[][] = Array.from({ length: rows }, () => []);
  values.forEach((row, position) => {
    if (row >= 0) readers[row]!.push(position);
  });
  const most = readers.reduce((longest, r) => Math.max(longest, r.length), 0);
  return {
    rows,
    columns: most,
    values: readers.flatMap((r) => [...r, ...Array<number>(most - r.length).fill(-1)]),
  };
}

/** Size, step and border of a square window that slides over a map. */
export interface Windows {
  readonly kernel: number;
  readonly stride: number;
  readonly padding: number;
}

/**
 * For every window, the token index of each of its pixels; −1 outside the map. Windows come in the order of their maps,
 * rows and columns, pixels row by row. A 3×3 map under a kernel of 3, stride 2 and padding 1 has 2×2 windows:
 *
 *     map         windows (−1 written as ·)
 *     0 1 2       · · ·   · · ·   · 3 4   4 5 ·
 *     3 4 5       · 0 1   1 2 ·   · 6 7   7 8 ·
 *     6 7 8       · 3 4   4 5 ·   · · ·   · · ·
 *
 * @param rows number of rows of windows in each map
 * @param columns number of windows in each row
 * @returns [n·rows·columns, kernel²]
 */
export function windowTokens(
  [n, h, w]: readonly [n: number, h: number, w: number],
  { kernel, stride, padding }: Windows,
  rows: number,
  columns: number,
): RowTable {
  const values: number[] = [];
  for (let b = 0; b < n; b++) {
    for (let i = 0; i < rows; i++) {
      for (let j = 0; j < columns; j++) {
        for (let tap = 0; tap < kernel * kernel; tap++) {
          const y = i * stride - padding + Math.floor(tap / kernel);
          const x = j * stride - padding + (tap % kernel);
          const isInside = y >= 0 && y < h && x >= 0 && x < w;
          values.push(isInside ? (b * h + y) * w + x : -1);
        }
      }
    }
  }
  return { rows: n * rows * columns, columns: kernel * kernel, values };
}

/** The transposed table. */
export function transposeTable({ rows, columns, values }: RowTable): RowTable {
  const transposed = Array.from(
    { length: values.length },
    (_, i) => values[(i % rows) * columns + Math.floor(i / rows)]!,
  );
  return { rows: columns, columns: rows, values: transposed };
}

/** Row numbers, [rows, columns]; −1 for none. */
export interface RowTable {
  readonly rows: number;
  readonly columns: number;
  readonly values: readonly number[];
}
