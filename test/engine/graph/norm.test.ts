import { expect, test } from "vitest";
import {
  type NdArray,
  type Tensor,
  type WholeBatch,
  batchNorm,
  batchNormOfPart,
  batchStatistics,
  gradients,
  input,
  mul,
  sumAll,
} from "../../../src/engine/graph/index.ts";
import { Random } from "../../../src/engine/random.ts";
import { evaluate, worstError } from "../../network.ts";

const random = Random.at(1, "norm");
const channels = 3;
const epsilon = 0.01;
const array = (shape: readonly number[], data: Float64Array): NdArray => ({
  dtype: "float64",
  shape,
  data,
});
const draw = (...shape: number[]): NdArray =>
  array(
    shape,
    Float64Array.from({ length: shape.reduce((a, b) => a * b) }, () => random.normal()),
  );
const of = (name: string, ...shape: number[]): Tensor => input(name, shape, "float64");
const [gain, bias] = [of("gain", channels), of("bias", channels)];
const scale = { gain: draw(channels), bias: draw(channels) };
/** A loss whose gradient depends on y. */
const lossOf = (y: Tensor, weights: Tensor): Tensor => sumAll(mul(mul(y, y), weights));

/** Rows of a part, and their share in the loss. */
interface Part {
  readonly x: NdArray;
  readonly weights: NdArray;
}
const sizes = [2, 5];
const parts: Part[] = sizes.map((rows) => ({
  x: draw(rows, channels),
  weights: draw(rows, channels),
}));
const joined = (name: keyof Part): NdArray =>
  array(
    [7, channels],
    Float64Array.from(parts.flatMap((part) => [...(part[name].data as Float64Array)])),
  );
const all = { x: joined("x"), weights: joined("weights"), ...scale };

/** Gradients of the rows, the gain and the bias of a part, with what it knows about the whole batch. */
async function partGradients({ x, weights }: Part, whole: Record<string, NdArray>, means: boolean) {
  const rows = of("x", ...x.shape);
  const knowledge: WholeBatch = {
    statistics: { mean: of("mean", channels), variance: of("variance", channels) },
    ...(means && {
      gradientMeans: { total: of("total", channels), aligned: of("aligned", channels) },
    }),
  };
  const y = batchNormOfPart(rows, gain, bias, epsilon, knowledge);
  const loss = lossOf(y, of("weights", ...x.shape));
  const asked = means ? { dx: rows, dgain: gain, dbias: bias } : { dgain: gain, dbias: bias };
  const found = gradients(loss, Object.values(asked));
  const outputs = Object.fromEntries(Object.keys(asked).map((name, i) => [name, found[i]!]));
  return evaluate({ y, ...outputs }, { x, weights, ...scale, ...whole });
}

test("parts of a batch that know its statistics and sums have its values and gradients", async () => {
  const x = of("x", 7, channels);
  const { y, statistics } = batchNorm(x, gain, bias, epsilon);
  const [dx, dgain, dbias] = gradients(lossOf(y, of("weights", 7, channels)), [x, gain, bias]);
  const apart = batchStatistics(x);
  const expected = await evaluate(
    {
      ...{ y, ...statistics, dx: dx!, dgain: dgain!, dbias: dbias! },
      ...{ mean2: apart.mean, variance2: apart.variance },
    },
    all,
  );
  expect(expected["mean2"]!.data).toEqual(expected["mean"]!.data);
  expect(expected["variance2"]!.data).toEqual(expected["variance"]!.data);

  const whole = { mean: expected["mean"]!, variance: expected["variance"]! };
  const sums = await Promise.all(parts.map((part) => partGradients(part, whole, false)));
  const meanOf = (name: string): NdArray => {
    const values = sums.map((sum) => sum[name]!.data as Float64Array);
    return array(
      [channels],
      Float64Array.from(values[0]!, (a, i) => (a + values[1]![i]!) / 7),
    );
  };
  const knowing = { ...whole, total: meanOf("dbias"), aligned: meanOf("dgain") };
  const found = await Promise.all(parts.map((part) => partGradients(part, knowing, true)));
  for (const name of ["y", "dx"]) {
    const rows = found.flatMap((part) => [...(part[name]!.data as Float64Array)]);
    expect(worstError(rows, expected[name]!.data), name).toBeLessThan(1e-12);
  }
  for (const name of ["dgain", "dbias"]) {
    const total = (meanOf(name).data as Float64Array).map((mean) => 7 * mean);
    expect(worstError(total, expected[name]!.data), name).toBeLessThan(1e-12);
  }
});

test("rows of a part have no gradient before the sums over the batch are known", async () => {
  await expect(async () => {
    const x = of("x", 2, channels);
    const statistics = { mean: of("mean", channels), variance: of("variance", channels) };
    const y = batchNormOfPart(x, gain, bias, epsilon, { statistics });
    gradients(sumAll(y), [x]);
  }).rejects.toThrow(
    "batchNormOfPart: the gradient of x needs means over the whole batch; give gradientMeans",
  );
});
