import { afterAll, expect, test } from "vitest";
import { nodeWorkers } from "../../../src/host/node/workers/workers.ts";
import { CrfPool } from "../../../src/method/refine/crf-pool.ts";
import { crfLabels } from "../../../src/method/refine/crf-labels.ts";
import { DenseCrf } from "../../../src/method/refine/crf.ts";
import { Random } from "../../../src/engine/random.ts";

const pool = new CrfPool(nodeWorkers, { threads: 2, options: { iterations: 3 } });
afterAll(() => pool.close());

function job(seed: number, width: number, height: number) {
  const random = Random.at(seed, "pool");
  const image = {
    width,
    height,
    data: Uint8Array.from({ length: width * height * 3 }, () => random.int(256)),
  };
  const [w, h] = [Math.ceil(width / 4), Math.ceil(height / 4)];
  const data = Float32Array.from({ length: 3 * w * h }, () => random.normal() * 3);
  return { image, logits: { count: 3, width: w, height: h, data } };
}

test("images of any sizes, several at the same time, have the same labels as in a single thread", async () => {
  const jobs = [job(1, 40, 30), job(2, 33, 21), job(3, 1, 1), job(4, 64, 8), job(5, 40, 30)];
  const alone = new DenseCrf({ iterations: 3 });
  const expected = jobs.map(({ image, logits }) => crfLabels(alone, image, logits));
  const labels = await Promise.all(jobs.map(({ image, logits }) => pool.refine(image, logits)));
  expect(labels).toEqual(expected);
  expect(jobs.every(({ image, logits }) => image.data.length > 0 && logits.data.length > 0)).toBe(
    true,
  );
});

test("views into larger buffers have the same labels as copies", async () => {
  const { image, logits } = job(6, 20, 20);
  const large = new Uint8Array(5000);
  large.set(image.data, 100);
  const view = { ...image, data: large.subarray(100, 100 + image.data.length) };
  expect(await pool.refine(view, logits)).toEqual(await pool.refine(image, logits));
});

test("an image that fails reports the reason, and the pool keeps working", async () => {
  const { image, logits } = job(7, 16, 16);
  const broken = { ...logits, data: logits.data.with(0, NaN) };
  const failing = [pool.refine(image, broken), pool.refine(image, broken)];
  for (const refined of failing)
    await expect(refined).rejects.toThrow(/dense CRF: probability.*NaN/);
  expect((await pool.refine(image, logits)).data).toHaveLength(256);
});

test("a closed pool refines nothing, and closing twice has no effect", async () => {
  const closing = new CrfPool(nodeWorkers, { threads: 1 });
  const { image, logits } = job(8, 8, 8);
  await closing.refine(image, logits);
  await closing.close();
  await closing.close();
  await expect(closing.refine(image, logits)).rejects.toThrow("after close()");
  expect(() => new CrfPool(nodeWorkers, { threads: 0 })).toThrow(
    /0 threads; give a whole number from 1/,
  );
});
