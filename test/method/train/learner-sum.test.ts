import { expect, test } from "vitest";
import { float32, type NdArray, type Runtime } from "../../../src/engine/graph/index.ts";
import { alone } from "../../../src/host/exchange.ts";
import { parseConfig } from "../../../src/method/config.ts";
import { networkOf } from "../../../src/method/model/network-of.ts";
import { HostLearner } from "../../../src/method/train/host-learner.ts";
import { addsOtherwise } from "../../../src/method/train/micro-batch-sums.ts";
import { NetworkState } from "../../../src/method/train/network-state.ts";
import { buildStep } from "../../../src/method/train/step-graph.ts";

const config = parseConfig({ set: { "model.backbone": "mit_tiny", "model.decoderWidth": 16 } });

/** The sum of gradients that are the same number everywhere in each part. */
async function sumOf(parts: readonly number[]): Promise<number> {
  let part = 0;
  const runtime: Runtime = {
    device: "cpu",
    createSession: async () => ({
      inputNames: [],
      async run(_, fetches) {
        const value = parts[part++]!;
        const results = Object.entries(fetches).map(([name, into]): [string, NdArray] => {
          const shape = into?.shape ?? state.gradients[name]?.shape ?? [];
          const data = (into?.data ??
            new Float32Array(shape.reduce((a, b) => a * b, 1))) as Float32Array;
          return [name, float32(shape, data.fill(value))];
        });
        return Object.fromEntries(results);
      },
      async release() {},
    }),
  };
  const network = networkOf(config, ["a", "b"]);
  const state = new NetworkState(network, config.train);
  const sizes = { batch: 1, crop: 32, dropPath: false, dropout: false };
  const graph = buildStep(network, { ...sizes, kind: "full", learned: state.learned });
  const learner = new HostLearner(runtime, state);
  await learner.prepare(graph);
  for (const i of parts.keys()) await learner.pass({}, i);
  await learner.total(alone);
  const values = new Set(
    graph.gradients.flatMap((name) => [...(state.gradients[`grad.${name}`]!.data as Float32Array)]),
  );
  expect(values.size).toBe(1);
  return [...values][0]!;
}

// Beside 1e8, a float32 has no place for 1.
test.each([
  [[3], 3],
  [[1e8, 1], 1e8],
  [[1e8, 1, -1e8], 0],
  [[1e8, 1, -1e8, 1], 0],
  [[1, 1, 1e8, -1e8], 2],
  [[1e8, 1, 1, -1e8, 4, 8], 12],
])("gradients of parts are added pairwise: %j", async (parts, sum) => {
  expect(await sumOf(parts)).toBe(sum);
});

test.each([
  [0, {}, false],
  [2, {}, false],
  [1, {}, true],
  [1, { gradientSum: "pairwise" }, false],
])(
  "a run of micro-batches of %d goes on in the order that it began with: %j",
  (size, stored, other) => {
    const { data, train } = parseConfig({ set: { "data.batch": 4, "train.microBatch": size } });
    expect(addsOtherwise({ data, train }, stored)).toBe(other);
  },
);
