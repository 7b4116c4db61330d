import { describe, expect, test } from "vitest";
import {
  add,
  floatingPointOperations,
  gelu,
  gemm,
  gradients,
  input,
  layerNorm,
  matmul,
  reduceMean,
  relu,
  reshape,
  softmax,
  sumAll,
  transpose,
  type Tensor,
} from "../../../src/engine/graph/index.ts";
import { backbones, type BackboneName } from "../../../src/method/model/backbones.ts";
import { MixTransformer } from "../../../src/method/model/mit.ts";
import { imageInput } from "../../../src/method/model/index.ts";
import { Conv2d, DepthwiseConv, Linear, nameParameters } from "../../../src/engine/nn/index.ts";
import { opTable } from "./op-table.ts";

const a = input("a", [4, 3]);
const b = input("b", [3, 5]);

describe("by hand", () => {
  const cases: [string, () => Tensor, { matrix: number; other: number }][] = [
    ["a product: two a multiply-add", () => matmul(a, b), { matrix: 2 * 4 * 5 * 3, other: 0 }],
    [
      "a batch of products",
      () => matmul(input("x", [2, 7, 4, 3]), b),
      { matrix: 2 * 2 * 7 * 4 * 5 * 3, other: 0 },
    ],
    [
      "a transposed product and its bias",
      () => gemm(a, input("c", [4, 6]), { transA: true, bias: input("bias", [6]) }),
      { matrix: 2 * 3 * 6 * 4, other: 3 * 6 },
    ],
    ["moving", () => reshape(transpose(a), [12]), { matrix: 0, other: 0 }],
    ["a sum that repeats an operand", () => add(a, input("row", [3])), { matrix: 0, other: 12 }],
    ["a mean: what it reads", () => reduceMean(a, [0]), { matrix: 0, other: 12 }],
    ["steps of a GELU", () => gelu(a), { matrix: 0, other: 5 * 12 }],
    ["a value used twice", () => add(relu(a), relu(a)), { matrix: 0, other: 12 + 2 * 12 }],
    [
      "normalization and softmax",
      () => softmax(layerNorm(a, input("gain", [3]), input("offset", [3]), 1e-6)),
      { matrix: 0, other: (7 + 5) * 12 },
    ],
  ];
  test.each(cases)("%s", (_, build, { matrix, other }) => {
    expect(floatingPointOperations([build()])).toEqual({ matrix, total: matrix + other });
  });

  test("a depthwise convolution reads nine numbers a result", () => {
    const conv = new DepthwiseConv(6);
    nameParameters({ conv }, () => "all");
    const y = conv.forward(input("x", [6, 2 * 8 * 8]), 2, 8, 8);
    expect(floatingPointOperations([y])).toEqual({
      matrix: 2 * 9 * 6 * 2 * 64,
      total: (2 * 9 + 1) * 6 * 2 * 64, // and the bias
    });
  });

  test("the gradient of a product is two products of its size", () => {
    const loss = sumAll(matmul(a, b));
    const { matrix } = floatingPointOperations([loss]);
    const both = gradients(loss, [a, b]) as Tensor[];
    expect(floatingPointOperations(both).matrix).toBe(2 * matrix);
  });
});

test("operations that several outputs share are counted once", () => {
  const product = matmul(a, b);
  const { total } = floatingPointOperations([product]);
  expect(floatingPointOperations([product, relu(product)]).total).toBe(total + 20);
});

test("a symbolic size is refused", () => {
  expect(() => floatingPointOperations([relu(input("x", ["n", 2]))])).toThrow(
    "flops: Relu has the symbolic size [n,2]",
  );
});

describe("Mix Transformers at 224 pixels have the published multiply-adds (SegFormer, table 6)", () => {
  // In units of 1e9, to the digit that is given; a zero row and column of the first filters are 1 %.
  const published: [BackboneName, number][] = [
    ["mit_b0", 0.6],
    ["mit_b1", 2.1],
    ["mit_b2", 4.0],
  ];
  test.each(published)("%s: %s", (name, expected) => {
    const encoder = new MixTransformer(backbones[name]);
    const { channels } = backbones[name];
    // Theirs ends at 1/32, AFA's at 1/16; and their table expands 8 times in the first two stages,
    // where the networks that they released, and ours, expand 4 times.
    const last = { proj: new Conv2d(channels[2], channels[3], 3, 2, 1) };
    Object.assign(encoder.patch_embed4, last);
    for (const [stage, blocks] of [encoder.block1, encoder.block2].entries()) {
      const [c, hidden] = [channels[stage]!, 8 * channels[stage]!];
      const dwconv = { dwconv: new DepthwiseConv(hidden) };
      const wider = { hidden, fc1: new Linear(c, hidden), dwconv, fc2: new Linear(hidden, c) };
      for (const { mlp } of blocks) Object.assign(mlp, wider);
    }
    nameParameters(encoder, () => "all");
    const [, , , deepest] = encoder.forward(imageInput([1, 224, 224])).features;
    const { matrix } = floatingPointOperations([deepest.tokens]);
    expect(Math.abs(matrix / 2e9 - expected)).toBeLessThan(0.05 + 0.01 * expected);
  });
});

/** Ops that compute nothing, as their titles in the table begin. */
const moving =
  /^(reshape|transpose|expand|concat|split|splitTree|slice|pad|gatherRows|cast|toChannelsFirst|fromChannelsFirst|reduceSum over no axis|sumAll of a scalar)\b(?!, all)/;
/** Ops that are written with matrix products. */
const products = /^(matmul|gemm|linear|conv2d|depthwise|sumOfRows|batchNorm\b|resize)/;

test.each(opTable.filter(({ sizes }) => !sizes))(
  "$name has a count: none if it only moves numbers, otherwise an operation or more for each result",
  (row) => {
    const inputs = row.inputs.map((shape, i) => input(`x${i}`, shape));
    const y = row.op(...inputs);
    const { matrix, total } = floatingPointOperations([y]);
    expect([total, matrix].every(Number.isInteger)).toBe(true);
    expect(matrix).toBeLessThanOrEqual(total);
    if (moving.test(row.name)) expect(total).toBe(0);
    else expect(total).toBeGreaterThanOrEqual(row.shape.reduce((a, b) => a * b, 1));
    expect(matrix > 0).toBe(products.test(row.name));
    const slopes = gradients(sumAll(y), inputs).filter((slope) => slope !== null);
    const both = floatingPointOperations([y, ...slopes]).total;
    expect(Number.isInteger(both)).toBe(true);
    expect(both).toBeGreaterThanOrEqual(total);
  },
);
