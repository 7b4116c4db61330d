import { expect, test } from "vitest";
import { imagesAhead, overlap, type Work } from "../../../src/method/eval/overlap.ts";

/** Tasks that finish when told, and how many were begun. */
function tasks(count: number) {
  const finish: (() => void)[] = [];
  const failed: ((error: Error) => void)[] = [];
  async function* begin(): AsyncGenerator<Work<number>> {
    for (let i = 0; i < count; i++) {
      yield {
        finished: new Promise<number>((resolve, reject) => {
          finish.push(() => resolve(i));
          failed.push(reject);
        }),
      };
    }
  }
  return { begin, finish, failed };
}

test("at most the limit is unfinished when the next piece starts, and results keep their order", async () => {
  const { begin, finish } = tasks(5);
  const results = overlap(begin(), 2);
  const first = results.next();
  await new Promise((resolve) => setImmediate(resolve));
  expect(finish).toHaveLength(3);
  // The last begun is the first to finish.
  finish[2]!();
  finish[1]!();
  finish[0]!();
  const got = [(await first).value];
  for (let i = 1; i < 5; i++) {
    const next = results.next();
    await new Promise((resolve) => setImmediate(resolve));
    finish.forEach((done) => done());
    got.push((await next).value);
  }
  expect(got).toEqual([0, 1, 2, 3, 4]);
  expect((await results.next()).done).toBe(true);
});

test("a failure is thrown in its turn, after the results before it", async () => {
  const { begin, finish, failed } = tasks(3);
  const results = overlap(begin(), 2);
  const first = results.next();
  await new Promise((resolve) => setImmediate(resolve));
  failed[1]!(new Error("second"));
  finish[0]!();
  expect((await first).value).toBe(0);
  await expect(results.next()).rejects.toThrow("second");
});

test.each([
  [1, false, 4, 0],
  [2, false, 4, 2],
  [1, true, 4, 4],
  [2, true, 4, 4],
  [6, true, 4, 6],
])(
  "with %i lanes, a CRF: %s, and %i images ahead of it, %i may be unfinished",
  (lanes, crf, ahead, most) => {
    expect(imagesAhead({ lanes, crf, ahead })).toBe(most);
  },
);

test("without a limit ahead, each piece is awaited before the next one starts", async () => {
  const { begin, finish } = tasks(3);
  const results = overlap(begin(), 0);
  for (const i of [0, 1, 2]) {
    const next = results.next();
    await new Promise((resolve) => setImmediate(resolve));
    expect(finish).toHaveLength(i + 1);
    finish[i]!();
    expect((await next).value).toBe(i);
  }
});
