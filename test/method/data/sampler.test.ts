import { expect, test } from "vitest";
import { augmentationStream, TrainingSampler } from "../../../src/method/data/sampler.ts";

const samples = Array.from({ length: 10 }, (_, i) => ({
  name: `s${i}`,
  image: `s${i}.png`,
  tags: [0],
}));
const names = (sampler: TrainingSampler, step: number) =>
  sampler.batchPlan(step).map(({ sample }) => sample.name);

test("every epoch has every sample once, in an order that differs from the others", () => {
  const sampler = new TrainingSampler(samples, 4, 5);
  const epochs = [0, 1, 2].map((epoch) => [
    ...names(sampler, 2 * epoch),
    ...names(sampler, 2 * epoch + 1),
  ]);
  for (const epoch of epochs) expect(new Set(epoch).size).toBe(10);
  expect(new Set(epochs.map((epoch) => epoch.join())).size).toBe(3);
});

test("the batch of a step depends only on seed, step and batch size", () => {
  const fresh = () => new TrainingSampler(samples, 4, 3);
  const walked = fresh();
  for (let step = 0; step < 17; step++) walked.batchPlan(step);
  expect(walked.batchPlan(17)).toEqual(fresh().batchPlan(17));
  expect(names(fresh(), 0)).not.toEqual(names(new TrainingSampler(samples, 5, 3), 0));
});

test("batches may be larger than the data set", () => {
  const plan = new TrainingSampler(samples.slice(0, 3), 1, 8).batchPlan(2);
  expect(plan.map(({ k }) => k)).toEqual([16, 17, 18, 19, 20, 21, 22, 23]);
});

test("replacements of a broken image are tried through the whole data set", () => {
  const sampler = new TrainingSampler(samples, 1, 2);
  const tried = Array.from({ length: 10 }, (_, attempt) => sampler.candidate(13, attempt).name);
  expect(new Set(tried).size).toBe(10);
});

test("augmentation streams differ from image to image", () => {
  expect(augmentationStream(1, 2).next()).toBe(augmentationStream(1, 2).next());
  expect(augmentationStream(1, 2).next()).not.toBe(augmentationStream(1, 3).next());
});

test("an empty data set is refused", () => {
  expect(() => new TrainingSampler([], 1, 2)).toThrow("no samples");
  expect(() => new TrainingSampler(samples, 1, 0)).toThrow("batch is 0");
});

test("preferred images take their share of every batch from a step on, each as often as the others", () => {
  const preferred = { samples: samples.slice(0, 2), share: 0.5, fromStep: 3 };
  const sampler = new TrainingSampler(samples, 4, 4, preferred);
  const plain = new TrainingSampler(samples, 4, 4);
  for (let step = 0; step < 3; step++) expect(names(sampler, step)).toEqual(names(plain, step));
  const drawn: string[] = [];
  for (let step = 3; step < 13; step++) {
    const [first, second, ...rest] = names(sampler, step);
    expect([first, second]).toEqual(names(plain, step).slice(0, 2));
    drawn.push(...rest);
  }
  expect(drawn.filter((name) => name === "s0")).toHaveLength(10);
  expect(drawn.filter((name) => name === "s1")).toHaveLength(10);
  // Broken preferred images are replaced by the other ones, and those by the rest.
  const tried = Array.from({ length: 12 }, (_, attempt) => sampler.candidate(15, attempt).name);
  expect(new Set(tried.slice(0, 2))).toEqual(new Set(["s0", "s1"]));
  expect(new Set(tried).size).toBe(10);
});

test("images that chance alone gives their share are not preferred", () => {
  const plain = new TrainingSampler(samples, 4, 4);
  for (const chosen of [samples.slice(0, 5), []]) {
    const sampler = new TrainingSampler(samples, 4, 4, {
      samples: chosen,
      share: 0.5,
      fromStep: 0,
    });
    expect(names(sampler, 7)).toEqual(names(plain, 7));
  }
});

test("few preferred images take less than their share, so that none is seen more than 15 times as often as by chance", () => {
  const many = Array.from({ length: 600 }, (_, i) => ({ ...samples[0]!, name: `s${i}` }));
  const preferredIn = (count: number) => {
    const preferred = { samples: many.slice(0, count), share: 0.75, fromStep: 0 };
    const sampler = new TrainingSampler(many, 4, 8, preferred);
    const plain = new TrainingSampler(many, 4, 8);
    return names(sampler, 9).filter((name, i) => name !== names(plain, 9)[i]).length;
  };
  // 15 × 10 / 600 is a quarter of a batch; 15 × 30 / 600 three quarters; never less than one image.
  expect([1, 10, 20, 30, 100].map(preferredIn)).toEqual([1, 2, 4, 6, 6]);
});
