import { gatherRows, turnedTable, windowRows } from "./gather.ts";
import type { Grid } from "./grid.ts";
import { reshape, slice, transpose } from "./shape-ops.ts";
import { matmul } from "./matmul.ts";
import type { Tensor } from "./tensor.ts";
import { constant } from "./tensor.ts";

// Winograd's F(2×2, 3×3) (Lavin and Gray 2016, 4.1): of windows of 4×4 pixels, transformed once, 16 products
// give four pixels that would take 36. Its numbers are 0, ±1, ±½ and ¼, so that little is lost to rounding.
const window = [
  [1, 0, -1, 0],
  [0, 1, 1, 0],
  [0, -1, 1, 0],
  [0, 1, 0, -1],
];
const filter = [
  [1, 0, 0],
  [0.5, 0.5, 0.5],
  [0.5, -0.5, 0.5],
  [0, 0, 1],
];
const result = [
  [1, 1, 1, 0],
  [0, 1, -1, -1],
];

/**
 * Convolution 3×3 of stride 1 and padding 1 with known sizes, in 4/9 of its multiplications. Gradients are those of
 * its products, with the same saving.
 * @param weight [out, in, 3, 3] @returns [n·h·w, out]
 */
export function winograd3x3(x: Grid, weight: Tensor): Tensor {
  const [n, h, w] = [x.n, x.h, x.w] as [number, number, number];
  const [out, c] = weight.shape as [number, number];
  const [rows, columns] = [Math.ceil(h / 2), Math.ceil(w / 2)];
  const tiles = n * rows * columns;
  const along = (matrix: readonly (readonly number[])[], map: Tensor): Tensor =>
    matmul(bothWays(matrix, map), map);

  // Pixel for pixel, not window for window: the transforms are then single products.
  const pixels = turnedTable(
    windowRows([n, h, w], { kernel: 4, stride: 2, padding: 1 }, rows, columns),
  );
  const gathered = gatherRows(x.tokens, pixels); // [16, tiles, c]
  const maps = reshape(along(window, reshape(gathered, [16, tiles * c])), [16, tiles, c]);
  const taps = transpose(reshape(weight, [out * c, 9]));
  const filters = reshape(along(filter, taps), [16, out, c]);
  const products = reshape(matmul(maps, transpose(filters)), [16, tiles * out]);
  const quads = reshape(along(result, products), [2, 2, n, rows, columns, out]);
  const joined = reshape(transpose(quads, [2, 3, 0, 4, 1, 5]), [n, 2 * rows, 2 * columns, out]);
  return reshape(slice(joined, [0, 0, 0, 0], [n, h, w, out]), [n * h * w, out]);
}

/** What `matrix` does to rows and columns alike, as one matrix on maps read row by row. */
function bothWays(matrix: readonly (readonly number[])[], { dtype }: Tensor): Tensor {
  const values = matrix.flatMap((row) =>
    matrix.flatMap((column) => row.flatMap((a) => column.map((b) => a * b))),
  );
  return constant([matrix.length ** 2, matrix[0]!.length ** 2], values, dtype);
}
