import { depthwise3x3ThroughBlocks } from "./blocked.ts";
import { addDim, divDim, isStatic, mulDim, staticShape } from "./dim.ts";
import { add } from "./elementwise.ts";
import { type Windows, gatherRows, windowTokens } from "./gather.ts";
import { type Grid, channelsOf, fromChannelsFirst, toChannelsFirst } from "./grid.ts";
import { concat, expand, pad, reduceSum, reshape, slice, transpose } from "./shape-ops.ts";
import { linear, matmul } from "./matmul.ts";
import { type Dim, type Tensor, composite, constant, node } from "./tensor.ts";
import { winograd3x3 } from "./winograd.ts";

export type ConvOptions = Windows;

/**
 * Convolution of a grid. With static sizes it consists of matrix products over gathered pixels, and so does its
 * gradient; with symbolic sizes it is ONNX's Conv, without a gradient.
 * @param weight [out, in, k, k] @param bias [out]
 */
export function conv2d(x: Grid, weight: Tensor, bias: Tensor, options: ConvOptions): Grid {
  const { kernel, stride, padding } = options;
  const [out, channels] = weight.shape as [number, number];
  if (channels !== channelsOf(x)) {
    throw new RangeError(
      `conv2d: weight [${weight.shape}] takes ${channels} channels, but the grid has ${channelsOf(x)}`,
    );
  }
  if (bias.shape.join() !== `${out}`) {
    throw new RangeError(
      `conv2d: bias [${bias.shape}] does not fit weight [${weight.shape}]; give ${out} values`,
    );
  }
  const h = outputSize(x.h, options);
  const w = outputSize(x.w, options);
  if (!isStatic([x.n, x.h, x.w])) {
    const attributes = {
      kernel_shape: [kernel, kernel],
      strides: [stride, stride],
      pads: Array(4).fill(padding) as number[],
    };
    const shape = [x.n, out, h, w];
    return fromChannelsFirst(
      node("Conv", [toChannelsFirst(x), weight, bias], shape, null, { attributes }),
    );
  }
  for (const [name, size, result] of [
    ["height", x.h, h],
    ["width", x.w, w],
  ] as const) {
    if ((result as number) < 1) {
      throw new RangeError(
        `conv2d: ${name} ${size} with padding ${padding} is smaller than the kernel ${kernel}; use a larger image`,
      );
    }
  }
  if (kernel === 3 && stride === 1 && padding === 1)
    return { tokens: add(winograd3x3(x, weight), bias), n: x.n, h, w };
  // Below stride 4, multiplying by the zeros of `blockPairWeight` costs more than gathering.
  const paired = stride >= 4 && kernel === 2 * stride - 1 && padding === stride - 1;
  const columns = paired
    ? blockPairs(x, stride, h, w)
    : kernel === stride && padding === 0
      ? blocks(x, kernel, h, w)
      : gatherColumns(x, options, h as number, w as number);
  const matrix = paired
    ? blockPairWeight(weight, stride)
    : reshape(transpose(weight, [0, 2, 3, 1]), [out, kernel * kernel * channels]);
  return { tokens: linear(columns, matrix, bias), n: x.n, h, w };
}

function outputSize(size: Dim, { kernel, stride, padding }: ConvOptions): Dim {
  return addDim(divDim(addDim(size, 2 * padding - kernel), stride), 1);
}

/** Windows that do not overlap (kernel = stride): k×k blocks, which need only a change of order. [n·h·w, k·k·c] */
function blocks(x: Grid, k: number, h: Dim, w: Dim): Tensor {
  const c = channelsOf(x);
  const whole = slice(
    reshape(x.tokens, [x.n, x.h, x.w, c]),
    [0, 0, 0, 0],
    [x.n, mulDim(h, k), mulDim(w, k), c],
  );
  const cut = transpose(reshape(whole, [x.n, h, k, w, k, c]), [0, 1, 3, 2, 4, 5]);
  return reshape(cut, [mulDim(mulDim(x.n, h), w), k * k * c]);
}

/**
 * Windows of 2s−1 pixels at stride s: each lies within 2×2 neighboring s×s blocks and leaves out only their first row
 * and column. Splitting the map into blocks and joining neighbors is far cheaper than gathering every tap. With s = 2,
 * gaps between blocks and # for the pixels of the first window:
 *
 *     · ·  · ·  · ·
 *     · #  # #  · ·
 *
 *     · #  # #  · ·
 *     · #  # #  · ·
 *
 * @returns [n·h·w, 2·2·s·s·c]
 */
function blockPairs(x: Grid, s: number, h: Dim, w: Dim): Tensor {
  const c = channelsOf(x);
  const [n, height, width, rows, columns] = staticShape("conv2d", [x.n, x.h, x.w, h, w]) as [
    number,
    number,
    number,
    number,
    number,
  ];
  const padded = pad(
    reshape(x.tokens, [n, height, width, c]),
    [0, s, s, 0],
    [0, Math.max(0, rows * s - height), Math.max(0, columns * s - width), 0],
  );
  const trimmed = slice(padded, [0, 0, 0, 0], [n, (rows + 1) * s, (columns + 1) * s, c]);
  const cut = transpose(reshape(trimmed, [n, rows + 1, s, columns + 1, s, c]), [0, 1, 3, 2, 4, 5]);
  const grid = reshape(cut, [n, rows + 1, columns + 1, s * s * c]);
  const corner = (dy: number, dx: number): Tensor =>
    slice(grid, [0, dy, dx, 0], [n, rows, columns, s * s * c]);
  const joined = concat([corner(0, 0), corner(0, 1), corner(1, 0), corner(1, 1)], 3);
  return reshape(joined, [n * rows * columns, 4 * s * s * c]);
}

/** The weight in the order of `blockPairs`, with zeros for the row and column that a window leaves out. */
function blockPairWeight(weight: Tensor, s: number): Tensor {
  const [out, c] = weight.shape as [number, number];
  const padded = pad(weight, [0, 0, 1, 1], [0, 0, 0, 0]); // [out, c, 2s, 2s]
  const cut = transpose(reshape(padded, [out, c, 2, s, 2, s]), [0, 2, 4, 3, 5, 1]);
  return reshape(cut, [out, 4 * s * s * c]);
}

/** Windows of any size and stride, gathered pixel by pixel: [n·h·w, k·k·c] */
function gatherColumns(x: Grid, options: ConvOptions, h: number, w: number): Tensor {
  const [n, height, width] = staticShape("conv2d", [x.n, x.h, x.w]) as [number, number, number];
  const columns = gatherRows(x.tokens, windowTokens([n, height, width], options, h, w));
  return reshape(columns, [n * h * w, options.kernel ** 2 * channelsOf(x)]);
}

/**
 * Depthwise 3×3 convolution, padding 1, of a channel-major map: one Conv over the channels of all images. The gradient
 * of its input is the same Conv with the filters rotated by 180°.
 * @param x [c, n·h·w] @param weight [c, 1, 3, 3] @param bias [c]
 * @param block channels in a block of the runtime's own layout; 1 if it has none; "gpu" for gradients in few operators
 */
export function depthwise3x3(
  x: Tensor,
  weight: Tensor,
  bias: Tensor,
  n: number,
  h: number,
  w: number,
  block: number | "gpu" = 1,
): Tensor {
  const c = weight.shape[0] as number;
  if (block === "gpu") return depthwise3x3OnGpu(x, weight, bias, [c, n, h, w]);
  const planes = (map: Tensor, taps: Tensor, offset: Tensor | null): Tensor => {
    const repeated = reshape(expand(reshape(taps, [c, 1, 9]), [c, n, 9]), [c * n, 1, 3, 3]);
    const offsets = offset && reshape(expand(reshape(offset, [c, 1]), [c, n]), [c * n]);
    const whole = reshape(map, [1, c * n, h, w]);
    if (block > 1 && (c * n) % block === 0)
      return reshape(depthwise3x3ThroughBlocks(whole, repeated, offsets, block), x.shape);
    const attributes = { kernel_shape: [3, 3], pads: [1, 1, 1, 1], group: c * n };
    const inputs = [whole, repeated, ...(offsets ? [offsets] : [])];
    return reshape(node("Conv", inputs, whole.shape, null, { attributes }), x.shape);
  };
  return composite([x, weight, bias], [planes(x, weight, bias)], ([dy], needs) => [
    needs[0] ? planes(dy!, rotated(weight), null) : null,
    needs[1] ? depthwiseWeightGradient(x, dy!, c, n, h, w) : null,
    needs[2] ? reduceSum(dy!, [1]) : null,
  ])[0]!;
}

/**
 * The same, all gradients by convolutions too: that of the input is the transposed convolution with the same filters, that of
 * a filter the convolution of the map by the gradient of the output, as large as the map, at 3×3 places.
 */
function depthwise3x3OnGpu(
  x: Tensor,
  weight: Tensor,
  bias: Tensor,
  [c, n, h, w]: readonly [c: number, n: number, h: number, w: number],
): Tensor {
  const planes = [1, c * n, h, w];
  const convolve = (operator: "Conv" | "ConvTranspose", inputs: Tensor[], k: readonly number[]) =>
    node(operator, inputs, operator === "Conv" && k[0] !== 3 ? [1, c * n, 3, 3] : planes, null, {
      attributes: { kernel_shape: k, pads: [1, 1, 1, 1], group: c * n },
    });
  const repeated = reshape(expand(reshape(weight, [c, 1, 9]), [c, n, 9]), [c * n, 1, 3, 3]);
  const offsets = reshape(expand(reshape(bias, [c, 1]), [c, n]), [c * n]);
  const maps = reshape(x, planes);
  const y = convolve("Conv", [maps, repeated, offsets], [3, 3]);
  return composite([x, weight, bias], [reshape(y, x.shape)], ([dy], needs) => {
    const dx = () => convolve("ConvTranspose", [reshape(dy!, planes), repeated], [3, 3]);
    const dW = () => convolve("Conv", [maps, reshape(dy!, [c * n, 1, h, w])], [h, w]);
    return [
      needs[0] ? reshape(dx(), x.shape) : null,
      needs[1] ? reshape(reduceSum(reshape(dW(), [c, n, 9]), [1]), weight.shape) : null,
      needs[2] ? reduceSum(dy!, [1]) : null,
    ];
  })[0]!;
}

/** Filters rotated by 180°. */
function rotated(weight: Tensor): Tensor {
  const c = weight.shape[0] as number;
  const order = constant([9], [8, 7, 6, 5, 4, 3, 2, 1, 0], "int64");
  const flat = reshape(weight, [c, 9]);
  return reshape(
    node("Gather", [flat, order], [c, 9], null, { attributes: { axis: 1 } }),
    weight.shape,
  );
}

/**
 * Gradient of the filters, dW[k, l] = Σ dy[y, i] · x[y + k − 1, i + l − 1] over all pixels (y, i), as one product for
 * each channel; one for each tap would take several times as long. The product of dyᵀ, [w, n·h], with the rows of x
 * above, level and below, [n·h, 3w], sums over y alone:
 *
 *     P[i, k·w + j] = Σ_y dy[y, i] · x[y + k − 1, j]
 *
 * Its elements with j = i + l − 1 belong to tap 3k + l, the others to none. With w = 3:
 *
 *            above     same      below
 *       j =  0 1 2     0 1 2      0 1 2
 *     i = 0  1 2 ·     4 5 ·      7 8 ·
 *     i = 1  0 1 2     3 4 5      6 7 8
 *     i = 2  · 0 1     · 3 4      · 6 7
 *
 * A second product, with a matrix of zeros and ones, sums the elements of each tap.
 */
function depthwiseWeightGradient(
  x: Tensor,
  dy: Tensor,
  c: number,
  n: number,
  h: number,
  w: number,
): Tensor {
  const rows = pad(reshape(x, [c, n * h, w]), [0, 0, 0], [0, 1, 0]);
  const neighbors = node("Gather", [rows, neighborRows(n, h)], [c, n * h, 3, w], null, {
    attributes: { axis: 1 },
  });
  const dyTransposed = transpose(reshape(dy, [c, n * h, w]));
  const P = matmul(dyTransposed, reshape(neighbors, [c, n * h, 3 * w])); // [c, w, 3w]
  return reshape(matmul(reshape(P, [c, w * 3 * w]), tapMembership(w, x.dtype)), [c, 1, 3, 3]);
}

/**
 * For every row of n maps, the numbers of the row above, the row itself and the row below, [n·h, 3]; outside the map
 * n·h, a row of zeros.
 */
function neighborRows(n: number, h: number): Tensor {
  const values = Array.from({ length: n * h }, (_, row) =>
    [-1, 0, 1].map((offset) => {
      const y = (row % h) + offset;
      return y >= 0 && y < h ? row + offset : n * h;
    }),
  );
  return constant([n * h, 3], values.flat(), "int64");
}

/** 1 where an element of P, counted row by row, belongs to a tap, else 0: [w·3w, 9]. */
function tapMembership(w: number, dtype: Tensor["dtype"]): Tensor {
  const data = new Float32Array(w * 3 * w * 9);
  for (let i = 0; i < w; i++) {
    for (let tap = 0; tap < 9; tap++) {
      const j = i + (tap % 3) - 1;
      const column = Math.floor(tap / 3) * w + j;
      if (j >= 0 && j < w) data[(i * 3 * w + column) * 9 + tap] = 1;
    }
  }
  return constant([w * 3 * w, 9], data, dtype);
}

/** Depthwise 3×3 convolution of maps with symbolic sizes; no gradient. @param x [n, c, h, w] */
export function depthwise3x3Maps(x: Tensor, weight: Tensor, bias: Tensor): Tensor {
  if (x.rank !== 4 || x.shape[1] !== weight.shape[0]) {
    throw new RangeError(
      `depthwise3x3Maps: x [${x.shape}] does not fit weight [${weight.shape}]; give one filter for each channel`,
    );
  }
  const attributes = { kernel_shape: [3, 3], pads: [1, 1, 1, 1], group: weight.shape[0] as number };
  return node("Conv", [x, weight, bias], x.shape, null, { attributes });
}
