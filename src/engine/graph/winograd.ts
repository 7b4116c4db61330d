import { gatherRows, transposeTable, windowTokens } from "./gather.ts";
import type { Grid } from "./grid.ts";
import { reshape, slice, transpose } from "./shape-ops.ts";
import { matmul } from "./matmul.ts";
import { type Tensor, constant } from "./tensor.ts";

// Winograd's minimal filtering F(2×2, 3×3) (Lavin and Gray 2016, 4.1). A tile d of 4×4 input pixels and a
// filter g of 3×3 give 2×2 output pixels Y by 16 multiplications (⊙, element by element) instead of 36:
//
//     Y = Aᵀ [ (G g Gᵀ) ⊙ (Bᵀ d B) ] A
//
// Neighboring tiles overlap by two pixels, and padding 1 places the first one pixel outside the map. Tiles of a 2×4
// map:
//
//     map          d, tile 0    d, tile 1       Y, tile 0    Y, tile 1
//                  · · · ·      · · · ·
//     0 1 2 3      · 0 1 2      1 2 3 ·          0 1          2 3
//     4 5 6 7      · 4 5 6      5 6 7 ·          4 5          6 7
//                  · · · ·      · · · ·
//
// The matrices have only the elements 0, ±1 and ½, so rounding in float32 costs little accuracy.
const Bt = [
  [1, 0, -1, 0],
  [0, 1, 1, 0],
  [0, -1, 1, 0],
  [0, 1, 0, -1],
];
const G = [
  [1, 0, 0],
  [0.5, 0.5, 0.5],
  [0.5, -0.5, 0.5],
  [0, 0, 1],
];
const At = [
  [1, 1, 1, 0],
  [0, 1, -1, -1],
];

/**
 * Convolution 3×3 with stride 1, padding 1 and static sizes, with 4/9 of the multiplications of the direct form. Its
 * gradients are those of the products below, with the same savings.
 * @param weight [out, in, 3, 3] @returns [n·h·w, out]
 */
export function winograd3x3(x: Grid, weight: Tensor): Tensor {
  const [n, h, w] = [x.n, x.h, x.w] as [number, number, number];
  const [out, c] = weight.shape as [number, number];
  const [rows, columns] = [Math.ceil(h / 2), Math.ceil(w / 2)];
  const tiles = n * rows * columns;

  // The 16 pixels of a tile are along the first axis, so that each transform is one product for all tiles and channels.
  const pixels = transposeTable(
    windowTokens([n, h, w], { kernel: 4, stride: 2, padding: 1 }, rows, columns),
  );
  const d = reshape(gatherRows(x.tokens, pixels), [16, tiles * c]);
  const g = transpose(reshape(weight, [out * c, 9]));
  const BtdB = reshape(transform(Bt, d), [16, tiles, c]);
  const GgGt = reshape(transform(G, g), [16, out, c]);
  // ⊙ for each of the 16 positions, summed over the input channels: a product of [tiles, c] and [c, out].
  const products = reshape(matmul(BtdB, transpose(GgGt)), [16, tiles * out]);
  const Y = reshape(transform(At, products), [2, 2, n, rows, columns, out]);
  const joined = reshape(transpose(Y, [2, 3, 0, 4, 1, 5]), [n, 2 * rows, 2 * columns, out]);
  // With odd sizes, the last tiles extend beyond the map.
  return reshape(slice(joined, [0, 0, 0, 0], [n, h, w, out]), [n * h * w, out]);
}

/**
 * M X Mᵀ for many square matrices X at once: its elements, row by row, are M ⊗ M times those of X.
 * @param squares one X, row by row, in each column: [side², count]
 */
function transform(M: readonly (readonly number[])[], squares: Tensor): Tensor {
  const kronecker = M.flatMap((row) =>
    M.flatMap((column) => row.flatMap((a) => column.map((b) => a * b))),
  );
  const size = [M.length ** 2, M[0]!.length ** 2];
  return matmul(constant(size, kronecker, squares.dtype), squares);
}
