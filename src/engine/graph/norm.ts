import { staticShape } from "./dim.ts";
import { add, div, mul, sqrt, sub } from "./elementwise.ts";
import { reduceSum } from "./shape-ops.ts";
import { reduceMean } from "./reduce.ts";
import { type Tensor, composite, nodes } from "./tensor.ts";

/** Layer normalization over the last axis. @param x [rows, c] @param gain [c] @param bias [c] */
export function layerNorm(x: Tensor, gain: Tensor, bias: Tensor, epsilon: number): Tensor {
  checkScale("layerNorm", x, gain, bias);
  const stats = [...x.shape.slice(0, -1), 1];
  const [y] = nodes(
    "LayerNormalization",
    [x, gain, bias],
    [x.shape, stats, stats],
    ([dy], needs) => {
      const normal = mul(sub(x, mean!), inverse!);
      const g = mul(dy!, gain);
      const dx = (): Tensor =>
        mul(
          inverse!,
          sub(
            sub(g, reduceMean(g, [-1], true)),
            mul(normal, reduceMean(mul(g, normal), [-1], true)),
          ),
        );
      const leading = x.shape.slice(0, -1).map((_, i) => i);
      return [
        needs[0] ? dx() : null,
        needs[1] ? reduceSum(mul(dy!, normal), leading) : null,
        needs[2] ? reduceSum(dy!, leading) : null,
      ];
    },
    { attributes: { axis: -1, epsilon: { float: epsilon } } },
  );
  const [, mean, inverse] = y!.source.kind === "node" ? y!.source.node.outputs : [];
  return y!;
}

function checkScale(where: string, x: Tensor, gain: Tensor, bias: Tensor): void {
  for (const [name, { shape }] of [
    ["gain", gain],
    ["bias", bias],
  ] as const) {
    if (shape.length !== 1 || shape[0] !== x.shape.at(-1)) {
      throw new RangeError(
        `${where}: ${name} [${shape}] does not fit x [${x.shape}]; give one value for each channel`,
      );
    }
  }
}

/** Statistics of a batch for each channel. */
export interface BatchStatistics {
  /** [c] */
  readonly mean: Tensor;
  /** Biased, that is, divided by the number of rows, [c]. */
  readonly variance: Tensor;
}

/**
 * Batch normalization by the batch's own statistics, which are returned as well.
 * @param x [rows, c] @param gain [c] @param bias [c]
 */
export function batchNorm(
  x: Tensor,
  gain: Tensor,
  bias: Tensor,
  epsilon: number,
): { y: Tensor; statistics: BatchStatistics } {
  checkScale("batchNorm", x, gain, bias);
  const { rows, mean, centered, variance } = momentsOf(x);
  const y = scaleRows(x, gain, bias, epsilon, { centered, variance }, (total, aligned) => ({
    total: mul(total, 1 / rows),
    aligned: mul(aligned, 1 / rows),
  }));
  return { y, statistics: { mean, variance } };
}

/** Statistics of a batch for each channel. @param x [rows, c] */
export function batchStatistics(x: Tensor): BatchStatistics {
  const { mean, variance } = momentsOf(x);
  return { mean, variance };
}

/** What a part of a batch has to know about all of it, see `batchNormOfPart`. */
export interface WholeBatch {
  readonly statistics: BatchStatistics;
  /**
   * Means over all rows of the gradient of y, and of that gradient times the normalized x, [c] each. Without them x has no
   * gradient.
   */
  readonly gradientMeans?: { readonly total: Tensor; readonly aligned: Tensor };
}

/**
 * Batch normalization of some rows of a batch by the statistics of all its rows. Gradients of gain and bias are those of these
 * rows: their sums over all parts, divided by the number of rows, are the `gradientMeans` that the gradient of x needs.
 * @param x [rows, c] @param gain [c] @param bias [c]
 */
export function batchNormOfPart(
  x: Tensor,
  gain: Tensor,
  bias: Tensor,
  epsilon: number,
  { statistics: { mean, variance }, gradientMeans }: WholeBatch,
): Tensor {
  checkScale("batchNormOfPart", x, gain, bias);
  return scaleRows(x, gain, bias, epsilon, { centered: sub(x, mean), variance }, () => {
    if (gradientMeans) return gradientMeans;
    throw new RangeError(
      "batchNormOfPart: the gradient of x needs means over the whole batch; give gradientMeans",
    );
  });
}

/** @param x [rows, c] */
function momentsOf(x: Tensor): BatchStatistics & { readonly rows: number; centered: Tensor } {
  const [rows] = staticShape("batchNorm", x.shape) as [number, number];
  const mean = mul(reduceSum(x, [0]), 1 / rows);
  const centered = sub(x, mean);
  const variance = mul(reduceSum(mul(centered, centered), [0]), 1 / rows);
  return { rows, mean, centered, variance };
}

/**
 * Centered rows scaled to a variance of 1, then by gain and bias.
 * @param meansOf means over the batch from the sums over these rows
 */
function scaleRows(
  x: Tensor,
  gain: Tensor,
  bias: Tensor,
  epsilon: number,
  { centered, variance }: { readonly centered: Tensor; readonly variance: Tensor },
  meansOf: (total: Tensor, aligned: Tensor) => Required<WholeBatch>["gradientMeans"],
): Tensor {
  const inverse = div(1, sqrt(add(variance, epsilon)));
  const normal = mul(centered, inverse);
  const [y] = composite([x, gain, bias], [add(mul(normal, gain), bias)], ([dy], needs) => {
    const total = reduceSum(dy!, [0]);
    const aligned = reduceSum(mul(dy!, normal), [0]);
    const dx = (): Tensor => {
      const means = meansOf(total, aligned);
      return mul(mul(gain, inverse), sub(sub(dy!, means.total), mul(normal, means.aligned)));
    };
    return [needs[0] ? dx() : null, needs[1] ? aligned : null, needs[2] ? total : null];
  });
  return y!;
}

/** Batch normalization by known statistics: one multiplication and one addition. */
export function batchNormInference(
  x: Tensor,
  gain: Tensor,
  bias: Tensor,
  { mean, variance }: BatchStatistics,
  epsilon: number,
): Tensor {
  const factor = div(gain, sqrt(add(variance, epsilon)));
  return add(mul(x, factor), sub(bias, mul(mean, factor)));
}
