import { expect, test } from "vitest";
import "../../compare-bits.ts";
import { parseConfig, type Config } from "../../../src/method/config.ts";
import { generateScene, sceneClasses } from "../../../src/method/data/scenes.ts";
import type { Batch, Sample } from "../../../src/method/data/sample.ts";
import type { NdArray } from "../../../src/engine/graph/index.ts";
import { alone, type Exchange } from "../../../src/host/exchange.ts";
import { nodeRuntime } from "../../../src/host/node/ort/runtime.ts";
import type { TrainEvent, TrainingState } from "../../../src/method/train/events.ts";
import { trainNetwork, type TrainNetworkOptions } from "../../../src/method/train/trainer.ts";
import { pretendExchange } from "../../pretend-exchange.ts";

const scenes = Array.from({ length: 8 }, (_, index) => generateScene({ seed: 5, index, size: 64 }));
const samples: Sample[] = scenes.map(({ tags }, i) => ({
  ...{ name: `s${i}`, image: String(i), mask: String(i), tags },
}));
const validation = {
  samples: samples.slice(0, 4),
  reader: {
    readImage: async ({ image }: Sample) => scenes[Number(image)]!.image,
    readMask: async ({ image }: Sample) => scenes[Number(image)]!.mask,
  },
};

/** All phases, with everything that is random. */
function configOf(set: Record<string, unknown> = {}): Config {
  return parseConfig({
    preset: "small",
    set: {
      ...{ "model.backbone": "mit_tiny", "model.decoderWidth": 16 },
      ...{ "model.dropPath": 0.1, "model.dropout": 0.1 },
      ...{ "data.crop": 64, "data.batch": 4, "eval.minSide": 0, "pseudo.radius": 1 },
      ...{ "train.steps": 5, "train.camSteps": 1, "train.affinitySteps": 3 },
      ...{ "train.validateEvery": 3, "train.checkpointEvery": 2, "train.microBatch": 1 },
      ...set,
    },
  });
}

/** The crops of a step that belong to one of several processes. */
function batchOf(step: number, { rank, size }: Exchange): Batch {
  const own = 4 / size;
  const chosen = Array.from({ length: own }, (_, i) => scenes[(4 * step + rank * own + i) % 8]!);
  const tags = new Float32Array(own * 4);
  chosen.forEach((scene, i) => scene.tags.forEach((c) => (tags[4 * i + c] = 1)));
  return {
    names: chosen.map((_, i) => `${i}.png`),
    size: own,
    crop: 64,
    images: Uint8Array.from(chosen.flatMap(({ image }) => [...image.data])),
    tags,
    boxes: Int32Array.from(chosen.flatMap(() => [0, 64, 0, 60])),
  };
}

function run(
  exchange: Exchange,
  options: Partial<TrainNetworkOptions> = {},
): AsyncGenerator<TrainEvent> {
  return trainNetwork({
    runtime: nodeRuntime({ threads: 1 }),
    config: configOf(),
    classes: sceneClasses,
    batches: { next: async (step) => batchOf(step, exchange) },
    wholeBatches: { next: async (step) => batchOf(step, alone) },
    validation,
    now: () => 0,
    panels: 1,
    thresholdCrops: 4,
    exchange,
    ...options,
  });
}

/** Events of a training without what only rank 0 has; the arrays of checkpoints are copied. */
async function eventsOf(events: AsyncGenerator<TrainEvent>): Promise<TrainEvent[]> {
  const all: TrainEvent[] = [];
  for await (const event of events) {
    if (event.type === "validating") continue;
    if (event.type === "validation") all.push({ ...event, panels: [] });
    else if (event.type === "checkpoint") all.push({ ...event, state: copyOf(event.state) });
    else if (event.type === "step")
      all.push({ ...event, seconds: { ...event.seconds, exchange: 0 } });
    else all.push(event);
  }
  return all;
}

function copyOf({ step, metadata, tensors }: TrainingState): TrainingState {
  const copies = Object.entries(tensors).map(([name, { data, ...rest }]): [string, NdArray] => [
    name,
    { ...rest, data: data.slice() } as NdArray,
  ]);
  return { step, metadata, tensors: Object.fromEntries(copies) };
}

const together = (size: number, options?: Partial<TrainNetworkOptions>): Promise<TrainEvent[][]> =>
  Promise.all(pretendExchange(size).map((exchange) => eventsOf(run(exchange, options))));

test("processes that train together have the losses, scores and bits of one, whatever their number", async () => {
  const expected = await eventsOf(run(alone));
  expect(expected.map(({ type }) => type)).toContain("validation");
  for (const size of [2, 4]) {
    for (const events of await together(size)) expect(events).toEqual(expected);
  }
});

test("what stops one process stops all after the same step, and another number of them goes on", async () => {
  const expected = (await eventsOf(run(alone))).filter(({ type }) => type === "checkpoint");
  let asked = 0;
  const stopped = await Promise.all(
    pretendExchange(4).map((exchange) =>
      // Rank 2 is told to stop in the second step.
      eventsOf(run(exchange, { stop: () => exchange.rank === 2 && ++asked >= 2 })),
    ),
  );
  const last = stopped.map((events) => events.at(-1)!);
  for (const event of last) expect(event).toMatchObject({ type: "checkpoint", step: 2 });
  const { state: resume } = last[1] as Extract<TrainEvent, { type: "checkpoint" }>;
  const [events] = await together(2, { resume });
  expect(events!.filter(({ type }) => type === "checkpoint").at(-1)).toEqual(expected.at(-1));
});

test("a loss that is not finite ends all processes at once", async () => {
  const config = configOf({ "train.lr": 1e30 });
  const ends = await Promise.allSettled(
    pretendExchange(2).map((exchange) => eventsOf(run(exchange, { config }))),
  );
  const reasons = ends.map((end) => String((end as PromiseRejectedResult).reason));
  expect(reasons[0]).toMatch(/train: step \d: the .* not finite|is NaN/);
  expect(reasons[1]).toBe(reasons[0]);
});

test("a loss that is not finite is told with the images of all processes", async () => {
  const [end] = await Promise.allSettled(
    pretendExchange(2).map((exchange) => {
      const { rank } = exchange;
      const next = async (step: number): Promise<Batch> => {
        const batch = batchOf(step, exchange);
        // One tag of one crop at the second process.
        if (rank === 1) batch.tags[0] = NaN;
        return { ...batch, names: batch.names.map((name) => `${rank}-${name}`) };
      };
      return eventsOf(run(exchange, { batches: { next } }));
    }),
  );
  expect(String((end as PromiseRejectedResult).reason)).toContain(
    "train: step 0: the cls loss is NaN (images 0-0.png, 0-1.png, 1-0.png, 1-1.png); resume",
  );
});

test("only the steps of several processes have a time of the exchange", async () => {
  const stepsOf = async (exchange: Exchange): Promise<(number | undefined)[]> => {
    let time = 0;
    const times: (number | undefined)[] = [];
    for await (const event of run(exchange, { now: () => time++ }))
      if (event.type === "step") times.push(event.seconds.exchange);
    return times;
  };
  expect(await stepsOf(alone)).toEqual(Array(5).fill(undefined));
  // The gradients, what the losses and statistics are made of, and with labels their counts.
  const times = [2, 2, 3, 3, 3];
  expect(await Promise.all(pretendExchange(2).map(stepsOf))).toEqual([times, times]);
});
