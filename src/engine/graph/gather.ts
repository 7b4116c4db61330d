import { staticShape } from "./dim.ts";
import { pad, reduceSum, reshape } from "./shape-ops.ts";
import type { Tensor } from "./tensor.ts";
import { constant, node } from "./tensor.ts";

/**
 * Rows of a matrix, several gathered into one: out[i] = rows[indices[i]].
 * @param x [rows, c]
 * @param indices [n, k] row numbers, −1 for a row of zeros
 * @returns [n, k, c]
 */
export function gatherRows(x: Tensor, indices: RowTable): Tensor {
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
      const spread = reduceSum(gatherRows(flat, invert(indices, rows)), [1]); // [rows, c]
      return [source === x ? spread : pad(spread, [0, 0], [1, 0]), null];
    },
    { attributes: { axis: 0 } },
  );
}

/** For each of `rows` rows the places of a table, counted flat, that read it, [rows, m]; −1 for none. */
function invert({ values }: RowTable, rows: number): RowTable {
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

/** Where square windows lie that go over a map. */
export interface Windows {
  readonly kernel: number;
  readonly stride: number;
  readonly padding: number;
}

/**
 * Of all windows over maps [n, h, w], `rows` × `columns` a map, the rows of tokens that their pixels are, −1 outside
 * the map: [n·rows·columns, kernel²].
 */
export function windowRows(
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
          const z = j * stride - padding + (tap % kernel);
          const inside = y >= 0 && y < h && z >= 0 && z < w;
          values.push(inside ? (b * h + y) * w + z : -1);
        }
      }
    }
  }
  return { rows: n * rows * columns, columns: kernel * kernel, values };
}

/** The same table with rows and columns in each other's place. */
export function turnedTable({ rows, columns, values }: RowTable): RowTable {
  const turned = Array.from(
    { length: values.length },
    (_, i) => values[(i % rows) * columns + Math.floor(i / rows)]!,
  );
  return { rows: columns, columns: rows, values: turned };
}

/** A table of row numbers, [rows, columns]. */
export interface RowTable {
  readonly rows: number;
  readonly columns: number;
  readonly values: readonly number[];
}
