import { expect, test } from "vitest";
import { mapAtOnce } from "../../../src/files/datasets/map-at-once.ts";

test.each([
  [5, 2, 2],
  [5, 1, 1],
  [2, 7, 2],
  [0, 3, 0],
])("of %i items %i at a time are under way: %i", async (count, limit, expected) => {
  let [now, most] = [0, 0];
  const items = Array.from({ length: count }, (_, i) => `i${i}`);
  const results = await mapAtOnce(items, limit, async (item, index) => {
    most = Math.max(most, ++now);
    await Promise.resolve();
    now--;
    return `${item}/${index}`;
  });
  expect(results).toEqual(items.map((item, i) => `${item}/${i}`));
  expect(most).toBe(expected);
});

test("results that are no promises are taken at once", () => {
  const seen: number[] = [];
  void mapAtOnce([1, 2, 3], 2, (item) => seen.push(item));
  expect(seen).toEqual([1, 2, 3]);
});

test("a failure is the failure of all", async () => {
  const work = mapAtOnce([1, 2, 3], 2, (item) =>
    item === 2 ? Promise.reject(new Error("two")) : Promise.resolve(item),
  );
  await expect(work).rejects.toThrow("two");
});

test("after a failure nothing is begun, and what is under way ends first", async () => {
  const begun: number[] = [];
  const ended: number[] = [];
  const work = mapAtOnce([1, 2, 3, 4, 5], 3, async (item) => {
    begun.push(item);
    if (item === 1) throw new Error("one");
    for (let turn = 0; turn < item; turn++) await Promise.resolve();
    ended.push(item);
  });
  await expect(work).rejects.toThrow("one");
  expect([begun, ended]).toEqual([
    [1, 2, 3],
    [2, 3],
  ]);
});
