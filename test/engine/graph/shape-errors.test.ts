import { expect, test } from "vitest";
import type { Grid } from "../../../src/engine/graph/index.ts";
import * as graph from "../../../src/engine/graph/index.ts";

const x = (...shape: (number | string)[]): graph.Tensor => graph.input("x", shape);
const grid = (n: number, h: number, w: number, c: number): Grid => ({
  tokens: x(n * h * w, c),
  n,
  h,
  w,
});
const conv = { kernel: 3, stride: 1, padding: 1 };
const table = { rows: 1, columns: 1, values: [0] };

test.each<[string, () => unknown, ...string[]]>([
  ["add", () => graph.add(x(2, 3), x(4, 3)), "add:", "[2,3]", "[4,3]"],
  ["sub", () => graph.sub(x(2), x(3)), "sub:", "[2]", "[3]"],
  ["mul", () => graph.mul(x("n", 3), x("m", 3)), "mul:", "[n,3]", "[m,3]"],
  ["div", () => graph.div(x(2, 3), x(2)), "div:", "[2,3]", "[2]"],
  ["maximum", () => graph.maximum(x(2), x(3)), "max:", "[2]", "[3]"],
  ["less", () => graph.less(x(2), x(3)), "less:", "[2]", "[3]"],
  ["equal", () => graph.equal(x(2), x(3)), "equal:", "[2]", "[3]"],
  ["two numbers", () => graph.add(1, 2), "pass at least one tensor"],
  ["constant", () => graph.constant([2, 3], [1]), "constant:", "[2,3]", "6", "1"],
  ["float32", () => graph.float32([2, 3], [1]), "float32:", "[2,3]", "6", "1"],
  ["reshape", () => graph.reshape(x(2, 3), [4, 2]), "reshape:", "[2,3]", "[4,2]"],
  ["transpose", () => graph.transpose(x(2, 3), [0, 0]), "transpose:", "[0,0]", "[2,3]"],
  ["transpose of a vector", () => graph.transpose(x(2)), "transpose:", "[2]"],
  ["reduceSum", () => graph.reduceSum(x(2, 3), [2]), "reduceSum:", "axis 2", "rank 2"],
  ["reduceMean", () => graph.reduceMean(x(2, 3), [-3]), "reduceMean:", "axis -3", "rank 2"],
  ["reduceMax", () => graph.reduceMax(x(2, 3), 2), "reduceMax:", "axis 2", "rank 2"],
  ["expand", () => graph.expand(x(2, 3), [4, 3]), "expand:", "[2,3]", "[4,3]"],
  ["concat", () => graph.concat([x(2, 3), x(2, 4)], 0), "concat:", "[2,3]", "[2,4]"],
  ["split", () => graph.split(x(2, 5), [2, 2], 1), "split:", "[2,2]", "[2,5]"],
  [
    "slice",
    () => graph.slice(x(2, 3), [1, 0], [2, 3]),
    "slice:",
    "[2,3] after [1,0]",
    "leaves [2,3]",
  ],
  ["slice before the start", () => graph.slice(x(2), [-1], [2]), "slice:", "[-1]", "[2]"],
  ["slice of another rank", () => graph.slice(x(2, 3), [0], [1]), "slice:", "[0]", "[2,3]"],
  ["pad", () => graph.pad(x(2, 3), [1], [0, 0]), "pad:", "[1]", "[0,0]", "[2,3]"],
  ["gatherRows", () => graph.gatherRows(x("n", 3), table), "gatherRows:", "[n,3]"],
  ["matmul", () => graph.matmul(x(2, 3), x(4, 5)), "matmul:", "[2,3]", "[4,5]"],
  ["matmul of batches", () => graph.matmul(x(2, 2, 3), x(4, 3, 5)), "matmul:", "[2]", "[4]"],
  ["gemm", () => graph.gemm(x(2, 3), x(3, 5), { transB: true }), "gemm:", "[2,3]", "[3,5]ᵀ"],
  ["gemm of vectors", () => graph.gemm(x(2, 3), x(3)), "gemm:", "[2,3]", "[3]"],
  ["gemm's bias", () => graph.gemm(x(2, 3), x(3, 5), { bias: x(2) }), "gemm:", "bias [2]", "[2,5]"],
  ["linear", () => graph.linear(x(2, 3), x(3, 5)), "gemm:", "[2,3]", "[3,5]ᵀ"],
  [
    "conv2d",
    () => graph.conv2d(grid(1, 4, 4, 2), x(5, 3, 3, 3), x(5), conv),
    "conv2d:",
    "[5,3,3,3]",
    "has 2",
  ],
  [
    "conv2d's bias",
    () => graph.conv2d(grid(1, 4, 4, 3), x(5, 3, 3, 3), x(3), conv),
    "conv2d:",
    "[3]",
    "[5,3,3,3]",
  ],
  [
    "conv2d of a small image",
    () => graph.conv2d(grid(1, 1, 4, 3), x(5, 3, 3, 3), x(5), { ...conv, padding: 0 }),
    "conv2d:",
    "height 1",
    "kernel 3",
  ],
  [
    "depthwise3x3",
    () => graph.depthwise3x3(x(3, 20), x(4, 1, 3, 3), x(4), 1, 4, 5),
    "[3,20]",
    "[1,4,4,5]",
  ],
  [
    "depthwise3x3Maps",
    () => graph.depthwise3x3Maps(x("n", 3, "h", "w"), x(4, 1, 3, 3), x(4)),
    "depthwise3x3Maps:",
    "[n,3,h,w]",
    "[4,1,3,3]",
  ],
  [
    "layerNorm",
    () => graph.layerNorm(x(2, 3), x(2), x(3), 1e-5),
    "layerNorm:",
    "gain [2]",
    "[2,3]",
  ],
  [
    "layerNorm's bias",
    () => graph.layerNorm(x(2, 3), x(3), x(1), 1e-5),
    "layerNorm:",
    "bias [1]",
    "[2,3]",
  ],
  [
    "batchNorm",
    () => graph.batchNorm(x(2, 3), x(3), x(4), 1e-5),
    "batchNorm:",
    "bias [4]",
    "[2,3]",
  ],
  [
    "batchNormOfPart",
    () => {
      const statistics = { mean: x(3), variance: x(3) };
      return graph.batchNormOfPart(x(2, 3), x(4), x(3), 1e-5, { statistics });
    },
    "batchNormOfPart:",
    "gain [4]",
    "[2,3]",
  ],
  [
    "batchNorm of unknown rows",
    () => graph.batchNorm(x("n", 3), x(3), x(3), 1e-5),
    "batchNorm:",
    "[n,3]",
    "static",
  ],
  [
    "gradient of a mean over unknown sizes",
    () => {
      const y = x("n", 3);
      graph.gradients(graph.sumAll(graph.reduceMean(y, [0])), [y]);
    },
    "reduceMean:",
    "axis n",
  ],
])("%s of wrong shapes is an error that names them", (_, call, ...parts) => {
  const message = messageOf(call);
  for (const part of parts) expect(message).toContain(part);
});

function messageOf(call: () => unknown): string {
  try {
    call();
  } catch (error) {
    return (error as Error).message;
  }
  return "no error";
}
