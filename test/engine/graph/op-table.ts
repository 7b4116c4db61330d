import type { Dim, Grid, Tensor } from "../../../src/engine/graph/index.ts";
import * as g from "../../../src/engine/graph/index.ts";
import type { OpCase, Reader } from "./central-differences.ts";

type Shape = readonly number[];
type Row = readonly [
  name: string,
  inputs: readonly Shape[],
  op: (...inputs: Tensor[]) => Tensor,
  shape: Shape,
  formula: (...inputs: Reader[]) => Reader,
  options?: Partial<Pick<OpCase, "dtype" | "range" | "at" | "sizes">>,
];

function sum(count: number, term: (i: number) => number): number {
  let total = 0;
  for (let i = 0; i < count; i++) total += term(i);
  return total;
}

function most(count: number, term: (i: number) => number): number {
  return Math.max(...Array.from({ length: count }, (_, i) => term(i)));
}

function mean(count: number, term: (i: number) => number): number {
  return sum(count, term) / count;
}

function variance(count: number, term: (i: number) => number): number {
  const center = mean(count, term);
  return mean(count, (i) => (term(i) - center) ** 2);
}

function logistic(x: number): number {
  return 1 / (1 + Math.exp(-x));
}

/** Φ, the normal distribution function, by Simpson's rule. */
function normalCdf(x: number): number {
  const density = (t: number): number => Math.exp((-t * t) / 2) / Math.sqrt(2 * Math.PI);
  const steps = 2000;
  const h = x / steps;
  const inner = sum(steps - 1, (i) => (i % 2 === 0 ? 4 : 2) * density((i + 1) * h));
  return 0.5 + (h / 3) * (density(0) + inner + density(x));
}

const [m23, m24, m32, m34, m43, m53] = [
  [2, 3],
  [2, 4],
  [3, 2],
  [3, 4],
  [4, 3],
  [5, 3],
] as const;
const positive = { range: [0.5, 2] } as const;
/** ONNX Runtime's CPU has no float64 Conv, Erf, Gelu, HardSigmoid; LayerNormalization's statistics are float32 always. */
const float32 = { dtype: "float32" } as const;
const farOut = { at: [-1000, -90, -20, -3, 3, 20, 90, 1000] };

// prettier-ignore
const elementwise: Row[] = [
  ["add", [m23, m23], g.add, m23, (a, b) => (i, j) => a(i, j) + b(i, j)],
  ["add a row", [m23, [3]], g.add, m23, (a, b) => (i, j) => a(i, j) + b(j)],
  ["add a column to a row", [[2, 1], [1, 3]], g.add, m23, (a, b) => (i, j) => a(i, 0) + b(0, j)],
  ["add to a scalar", [[], m23], g.add, m23, (a, b) => (i, j) => a() + b(i, j)],
  ["add a number", [m23], (a) => g.add(a, 2.5), m23, (a) => (i, j) => a(i, j) + 2.5],
  ["sub", [[4, 2, 3], [2, 1]], g.sub, [4, 2, 3], (a, b) => (n, i, j) => a(n, i, j) - b(i, 0)],
  ["sub from a number", [m23], (a) => g.sub(1, a), m23, (a) => (i, j) => 1 - a(i, j)],
  ["mul", [m23, [2, 1]], g.mul, m23, (a, b) => (i, j) => a(i, j) * b(i, 0)],
  ["mul by itself", [m23], (a) => g.mul(a, a), m23, (a) => (i, j) => a(i, j) ** 2],
  ["div", [[3], m23], g.div, m23, (a, b) => (i, j) => a(j) / b(i, j), positive],
  ["div a number", [m23], (a) => g.div(1, a), m23, (a) => (i, j) => 1 / a(i, j), positive],
  ["maximum", [m34, [4]], g.maximum, m34, (a, b) => (i, j) => Math.max(a(i, j), b(j))],
  ["maximum of a number", [m34], (a) => g.maximum(0.25, a), m34, (a) => (i, j) => Math.max(a(i, j), 0.25)],
  ["neg", [m23], g.neg, m23, (x) => (i, j) => -x(i, j)],
  ["exp", [m23], g.exp, m23, (x) => (i, j) => Math.exp(x(i, j))],
  ["log", [m23], g.log, m23, (x) => (i, j) => Math.log(x(i, j)), positive],
  ["sqrt", [m23], g.sqrt, m23, (x) => (i, j) => Math.sqrt(x(i, j)), positive],
  ["abs", [m34], g.abs, m34, (x) => (i, j) => Math.abs(x(i, j))],
  ["relu", [m34], g.relu, m34, (x) => (i, j) => Math.max(x(i, j), 0)],
  ["sigmoid", [m34], g.sigmoid, m34, (x) => (i, j) => logistic(x(i, j)), { range: [-6, 6] }],
  ["sigmoid far out", [[8]], g.sigmoid, [8], (x) => (i) => logistic(x(i)), farOut],
  ["gelu", [m34], g.gelu, m34, (x) => (i, j) => x(i, j) * normalCdf(x(i, j)), { ...float32, range: [-3, 3] }],
  ["gelu far out", [[6]], g.gelu, [6], (x) => (i) => x(i) * normalCdf(x(i)), { ...float32, at: [-40, -14, -6, 6, 14, 40] }],
  ["softmax", [m34], g.softmax, m34, (x) => (i, j) => 1 / sum(4, (k) => Math.exp(x(i, k) - x(i, j)))],
  ["softmax far out", [m24], g.softmax, m24, (x) => (i, j) => 1 / sum(4, (k) => Math.exp(x(i, k) - x(i, j))), { at: [-1000, 90, 89, 91, 1000, 0, 999, 998.5] }],
  ["logSoftmax", [m34], g.logSoftmax, m34, (x) => (i, j) => -Math.log(sum(4, (k) => Math.exp(x(i, k) - x(i, j))))],
  ["softplus", [m34], g.softplus, m34, (x) => (i, j) => Math.log1p(Math.exp(x(i, j)))],
  ["softplus far out", [[8]], g.softplus, [8], (x) => (i) => Math.max(x(i), 0) + Math.log1p(Math.exp(-Math.abs(x(i)))), farOut],
  ["less", [m34, [4]], (a, b) => g.cast(g.less(a, b), a.dtype), m34, (a, b) => (i, j) => Number(a(i, j) < b(j))],
  ["equal", [[4]], (a) => g.cast(g.equal(a, 2), a.dtype), [4], (a) => (i) => Number(Math.abs(a(i) - 2) < 0.1), { at: [1, 2, 3, 2] }],
  ["not", [[4]], (a) => g.cast(g.not(g.less(a, 2)), a.dtype), [4], (a) => (i) => Number(a(i) > 1.9), { at: [1, 2, 3, -2] }],
  ["cast", [[4]], (a) => g.cast(g.cast(a, "int32"), a.dtype), [4], (a) => (i) => Math.trunc(a(i)), { at: [1.5, -1.5, 0.25, 7.75] }],
];

const gathered = { rows: 3, columns: 2, values: [2, 0, -1, 2, 2, 3] };
// prettier-ignore
const layout: Row[] = [
  ["reshape", [[2, 6]], (x) => g.reshape(x, m34), m34, (x) => (i, j) => x(Math.floor((4 * i + j) / 6), (4 * i + j) % 6)],
  ["transpose", [[2, 3, 4]], (x) => g.transpose(x), [2, 4, 3], (x) => (i, j, k) => x(i, k, j)],
  ["transpose by an order", [[2, 3, 4]], (x) => g.transpose(x, [2, 0, 1]), [4, 2, 3], (x) => (i, j, k) => x(j, k, i)],
  ["reduceSum", [[2, 3, 4]], (x) => g.reduceSum(x, [0, -1]), [3], (x) => (j) => sum(2, (i) => sum(4, (k) => x(i, j, k)))],
  ["sumOfRows", [[2, 3, 4]], g.sumOfRows, [2, 1, 4], (x) => (i, _, k) => sum(3, (j) => x(i, j, k))],
  ["reduceSum keeping axes", [m23], (x) => g.reduceSum(x, [1], true), [2, 1], (x) => (i) => sum(3, (j) => x(i, j))],
  ["reduceSum over no axis", [m23], (x) => g.reduceSum(x, []), m23, (x) => x],
  ["expand", [[2, 1, 1]], (x) => g.expand(x, [2, 3, 4]), [2, 3, 4], (x) => (i) => x(i, 0, 0)],
  ["concat", [m23, [2, 2]], (a, b) => g.concat([a, b, b], -1), [2, 7], (a, b) => (i, j) => (j < 3 ? a(i, j) : b(i, (j - 3) % 2))],
  ["split", [[5, 2]], (x) => g.split(x, [1, 3, 1], 0)[1]!, m32, (x) => (i, j) => x(i + 1, j)],
  ["split, all parts", [[4]], (x) => g.mul(...(g.split(x, [1, 3], 0) as [Tensor, Tensor])), [3], (x) => (i) => x(0) * x(i + 1)],
  ["splitTree", [[9, 2]], (x) => g.splitTree(x, [1, 1, 1, 1, 1, 1, 1, 1, 1])[7]!, [1, 2], (x) => (i, j) => x(i + 7, j)],
  ["slice", [[4, 5]], (x) => g.slice(x, [1, 2], m23), m23, (x) => (i, j) => x(i + 1, j + 2)],
  ["pad", [m23], (x) => g.pad(x, [1, 0], [2, 3]), [5, 6], (x) => (i, j) => x(i - 1, j)],
  ["gatherRows", [m43], (x) => g.gatherRows(x, gathered), [3, 2, 3], (x) => (i, j, k) => x(gathered.values[2 * i + j]!, k)],
];

// prettier-ignore
const reduce: Row[] = [
  ["sumAll", [[2, 3, 4]], g.sumAll, [], (x) => () => sum(2, (i) => sum(3, (j) => sum(4, (k) => x(i, j, k))))],
  ["sumAll of a scalar", [[]], g.sumAll, [], (x) => x],
  ["reduceMean", [[2, 3, 4]], (x) => g.reduceMean(x, [0, 2]), [3], (x) => (j) => mean(2, (i) => mean(4, (k) => x(i, j, k)))],
  ["reduceMean keeping axes", [m34], (x) => g.reduceMean(x, [-1], true), [3, 1], (x) => (i) => mean(4, (j) => x(i, j))],
  ["reduceMax", [[2, 5, 3]], (x) => g.reduceMax(x, 1), m23, (x) => (i, k) => most(5, (j) => x(i, j, k))],
  ["reduceMax keeping the axis", [m34], (x) => g.reduceMax(x, -1, true), [3, 1], (x) => (i) => most(4, (j) => x(i, j))],
];

/** Formulas are read with as many indices as the result has axes. */
type At = (i: number, j: number) => number;
const product =
  (a: Reader, b: Reader): At =>
  (i, j) =>
    sum(3, (k) => a(i, k) * b(k, j));
const turned =
  (a: Reader): Reader =>
  (...[i, j]) =>
    a(j!, i!);
// prettier-ignore
const matrix: Row[] = [
  ["matmul", [m23, m34], g.matmul, m24, (a, b) => product(a, b)],
  ["matmul of batches", [[5, 2, 3], [5, 3, 4]], g.matmul, [5, 2, 4], (a, b) => (n, i, j) => sum(3, (k) => a(n, i, k) * b(n, k, j))],
  ["matmul by one matrix", [[5, 2, 3], m34], g.matmul, [5, 2, 4], (a, b) => (n, i, j) => sum(3, (k) => a(n, i, k) * b(k, j))],
  ["matmul broadcasting both", [[2, 1, 2, 3], [3, 3, 4]], g.matmul, [2, 3, 2, 4], (a, b) => (m, n, i, j) => sum(3, (k) => a(m, 0, i, k) * b(n, k, j))],
  ["gemm", [m23, m34], (a, b) => g.gemm(a, b), m24, (a, b) => product(a, b)],
  ["gemm aᵀ b", [m32, m34], (a, b) => g.gemm(a, b, { transA: true }), m24, (a, b) => product(turned(a), b)],
  ["gemm a bᵀ", [m23, m43], (a, b) => g.gemm(a, b, { transB: true }), m24, (a, b) => product(a, turned(b))],
  ["gemm aᵀ bᵀ", [m32, m43], (a, b) => g.gemm(a, b, { transA: true, transB: true }), m24, (a, b) => product(turned(a), turned(b))],
  ["gemm with a bias by column", [m23, m34, [4]], (a, b, bias) => g.gemm(a, b, { bias }), m24, (a, b, c) => (i, j) => product(a, b)(i, j) + c(j)],
  ["gemm with a bias by row", [m32, m34, [2, 1]], (a, b, bias) => g.gemm(a, b, { transA: true, bias }), m24, (a, b, c) => (i, j) => product(turned(a), b)(i, j) + c(i, 0)],
  ["linear", [m23, m43, [4]], g.linear, m24, (x, w, b) => (i, j) => product(x, turned(w))(i, j) + b(j)],
  ["linear without bias", [m23, m43], (x, w) => g.linear(x, w), m24, (x, w) => product(x, turned(w))],
];

function toGrid(x: Tensor): Grid {
  const [n, h, w, c] = x.shape as [Dim, Dim, Dim, number];
  return { tokens: g.reshape(x, [g.mulDim(g.mulDim(n, h), w), c]), n, h, w };
}

function toMaps(grid: Grid): Tensor {
  return g.reshape(grid.tokens, [grid.n, grid.h, grid.w, g.channelsOf(grid)]);
}

/** Sizes that a graph learns when it runs make ops take ONNX's own operator, which has no gradient. */
const symbolic = { ...float32, sizes: ["n", "h", "w"] } as const;

type ConvSize = readonly [n: number, h: number, w: number, inputs: number, outputs: number];
/** A convolution whose input and result are [n, h, w, c], with sizes known and not. */
function convolution(name: string, size: ConvSize, options: g.ConvOptions): Row[] {
  const [n, h, w, inputs, outputs] = size;
  const { kernel: k, stride: s, padding: p } = options;
  const after = (length: number): number => Math.floor((length + 2 * p - k) / s) + 1;
  const window = (term: (u: number, v: number, c: number) => number): number =>
    sum(k, (u) => sum(k, (v) => sum(inputs, (c) => term(u, v, c))));
  const row = [
    [[n, h, w, inputs], [outputs, inputs, k, k], [outputs]],
    (x: Tensor, weight: Tensor, bias: Tensor) => toMaps(g.conv2d(toGrid(x), weight, bias, options)),
    [n, after(h), after(w), outputs],
    (x: Reader, weight: Reader, bias: Reader) => (b: number, i: number, j: number, o: number) =>
      bias(o) + window((u, v, c) => x(b, i * s + u - p, j * s + v - p, c) * weight(o, c, u, v)),
  ] as const;
  return [
    [name, ...row],
    [`${name}, symbolic sizes`, ...row, symbolic],
  ];
}

const depthwise =
  (x: Reader, weight: Reader, bias: Reader): Reader =>
  (...[b, c, i, j]) =>
    bias(c!) +
    sum(3, (u) => sum(3, (v) => x(b!, c!, i! + u - 1, j! + v - 1) * weight(c!, 0, u, v)));
// prettier-ignore
const conv: Row[] = [
  ...convolution("conv2d 7×7, stride 4", [2, 6, 9, 1, 2], { kernel: 7, stride: 4, padding: 3 }),
  ...convolution("conv2d 3×3, stride 2", [2, 5, 6, 2, 3], { kernel: 3, stride: 2, padding: 1 }),
  ...convolution("conv2d 3×3, stride 1", [2, 4, 3, 2, 3], { kernel: 3, stride: 1, padding: 1 }),
  ...convolution("conv2d 2×2, stride 2, rest dropped", [2, 5, 7, 2, 3], { kernel: 2, stride: 2, padding: 0 }),
  ...convolution("conv2d 1×1, stride 2", [1, 5, 4, 2, 3], { kernel: 1, stride: 2, padding: 0 }),
  ["depthwise3x3", [[2, 3, 4, 5], [3, 1, 3, 3], [3]], (x, weight, bias) => byChannel(x, weight, bias), [2, 3, 4, 5], depthwise, float32],
  ["depthwise3x3, for a GPU", [[2, 3, 4, 5], [3, 1, 3, 3], [3]], (x, weight, bias) => byChannel(x, weight, bias, "gpu"), [2, 3, 4, 5], depthwise, float32],
  ["depthwise3x3Maps", [[2, 3, 4, 5], [3, 1, 3, 3], [3]], g.depthwise3x3Maps, [2, 3, 4, 5], depthwise, { ...float32, sizes: ["n", 3, "h", "w"] }],
];

/** depthwise3x3 of a map [n, c, h, w], which itself takes channels first of all. */
function byChannel(x: Tensor, weight: Tensor, bias: Tensor, block?: "gpu"): Tensor {
  const [n, c, h, w] = x.shape as [number, number, number, number];
  const flat = g.reshape(g.transpose(x, [1, 0, 2, 3]), [c, n * h * w]);
  return g.transpose(
    g.reshape(g.depthwise3x3(flat, weight, bias, n, h, w, block), [c, n, h, w]),
    [1, 0, 2, 3],
  );
}

/** The i-th of `count` values, normalized by all of them. */
function normal(count: number, values: (i: number) => number, i: number): number {
  return (values(i) - mean(count, values)) / Math.sqrt(variance(count, values) + 0.01);
}
const stats = (x: Tensor, gain: Tensor, bias: Tensor): g.BatchStatistics =>
  g.batchNorm(x, gain, bias, 0.01).statistics;
const known = { mean: [0.5, -1, 2], variance: [0.25, 1, 4] } as const;
function ofPart(x: Tensor, gain: Tensor, bias: Tensor): Tensor {
  const channels = (values: readonly number[]): Tensor => g.constant([3], values, x.dtype);
  const none = channels([0, 0, 0]);
  return g.batchNormOfPart(x, gain, bias, 0.01, {
    statistics: { mean: channels(known.mean), variance: channels(known.variance) },
    gradientMeans: { total: none, aligned: none },
  });
}
// prettier-ignore
const norm: Row[] = [
  ["layerNorm", [m34, [4], [4]], (x, gain, bias) => g.layerNorm(x, gain, bias, 0.01), m34, (x, gain, bias) => (i, j) => normal(4, (k) => x(i, k), j) * gain(j) + bias(j), float32],
  ["batchNorm", [m53, [3], [3]], (x, gain, bias) => g.batchNorm(x, gain, bias, 0.01).y, m53, (x, gain, bias) => (i, j) => normal(5, (k) => x(k, j), i) * gain(j) + bias(j)],
  ["batchNorm's mean", [m53, [3], [3]], (x, gain, bias) => stats(x, gain, bias).mean, [3], (x) => (j) => mean(5, (i) => x(i, j))],
  ["batchNorm's variance", [m53, [3], [3]], (x, gain, bias) => stats(x, gain, bias).variance, [3], (x) => (j) => variance(5, (i) => x(i, j))],
  ["batchNormOfPart without gradients of the statistics", [m53, [3], [3]], ofPart, m53, (x, gain, bias) => (i, j) => ((x(i, j) - known.mean[j]!) / Math.sqrt(known.variance[j]! + 0.01)) * gain(j) + bias(j)],
  ["batchNormInference", [m53, [3], [3], [3], [3]], (x, gain, bias, m, v) => g.batchNormInference(x, gain, bias, { mean: m, variance: v }, 0.01), m53, (x, gain, bias, m, v) => (i, j) => ((x(i, j) - m(j)) / Math.sqrt(v(j) + 0.01)) * gain(j) + bias(j), positive],
];

type Size = readonly [height: number, width: number];
/** Linear interpolation between pixel centers, the border repeated. */
function along(from: number, to: number, at: number, read: (i: number) => number): number {
  const place = ((at + 0.5) * from) / to - 0.5;
  const inside = Math.min(Math.max(place, 0), from - 1);
  const low = Math.floor(inside);
  return read(low) * (low + 1 - inside) + (inside > low ? read(low + 1) * (inside - low) : 0);
}
/** Resizing with sizes known and not. */
function resizing(name: string, from: Size, to: Size): Row[] {
  const row = [
    [[2, ...from, 2]],
    (x: Tensor) => toMaps(g.resizeBilinear(toGrid(x), ...to)),
    [2, ...to, 2],
    (x: Reader) => (b: number, i: number, j: number, c: number) =>
      along(from[0], to[0], i, (u) => along(from[1], to[1], j, (v) => x(b, u, v, c))),
  ] as const;
  return [
    [name, ...row],
    [`${name}, symbolic sizes`, ...row, symbolic],
  ];
}
// prettier-ignore
const grids: Row[] = [
  ...resizing("resizeBilinear up", m34, [7, 8]),
  ...resizing("resizeBilinear down", [6, 5], m23),
  ...resizing("resizeBilinear up and down", [2, 7], m34),
  ["resizeMaps", [[2, 3, 4, 5]], (x) => g.resizeMaps(x, 7, 3), [2, 3, 7, 3], (x) => (n, c, i, j) => along(4, 7, i, (u) => along(5, 3, j, (v) => x(n, c, u, v)))],
  ["toChannelsFirst", [[2, 3, 4, 5]], (x) => g.toChannelsFirst(toGrid(x)), [2, 5, 3, 4], (x) => (n, c, i, j) => x(n, i, j, c)],
  ["fromChannelsFirst", [[2, 5, 3, 4]], (x) => toMaps(g.fromChannelsFirst(x)), [2, 3, 4, 5], (x) => (n, i, j, c) => x(n, c, i, j)],
];

/** Every op of the graph: name, shapes of its inputs, the op, shape of its result, its formula. */
export const opTable: readonly OpCase[] = [elementwise, layout, reduce, matrix, conv, norm, grids]
  .flat()
  .map(([name, inputs, op, shape, formula, options]) => {
    return { name, inputs, op, shape, formula, dtype: "float64", range: [-1.5, 1.5], ...options };
  });
