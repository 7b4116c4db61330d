import { expect, test } from "vitest";
import { PairwiseSum } from "../../src/engine/pairwise-sum.ts";

const treeOf = async (values: readonly string[]): Promise<string | undefined> => {
  const tree = new PairwiseSum<string>((a, b) => `(${a}${b})`);
  for (const value of values) await tree.add(value);
  return tree.total();
};

test.each([
  ["", undefined],
  ["a", "a"],
  ["ab", "(ab)"],
  ["abc", "((ab)c)"],
  ["abcd", "((ab)(cd))"],
  ["abcdefg", "(((ab)(cd))((ef)g))"],
])("%j is added in a fixed tree", async (values, sum) => {
  expect(await treeOf([...values])).toBe(sum);
});

test("runs of a power of two can be added elsewhere: the tree is the same", async () => {
  const letters = [..."abcdefghijklmnopqrstuvwx"];
  for (const run of [1, 2, 4, 8]) {
    for (let runs = 1; runs * run <= letters.length; runs++) {
      const all = letters.slice(0, runs * run);
      const sums = await Promise.all(
        Array.from({ length: runs }, (_, i) => treeOf(all.slice(i * run, (i + 1) * run))),
      );
      expect(await treeOf(sums as string[])).toBe(await treeOf(all));
    }
  }
});

test("a total starts anew, and clear returns what has not been added yet", async () => {
  const tree = new PairwiseSum<number>((a, b) => a + b);
  for (const value of [1, 2, 4]) await tree.add(value);
  expect(tree.clear()).toEqual([3, 4]);
  await tree.add(8);
  expect([await tree.total(), await tree.total()]).toEqual([8, undefined]);
});
