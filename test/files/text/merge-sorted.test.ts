import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { Random } from "../../../src/engine/random.ts";
import { SortedRuns, type LineOrder } from "../../../src/files/text/merge-sorted.ts";
import { nodeStore } from "../../../src/host/node/files/store.ts";
import type { Store } from "../../../src/host/store.ts";

let root: string;
beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), "merge-sorted-"));
});
afterAll(() => {
  rmSync(root, { recursive: true, force: true });
});

/** Lines `<number> <anything>` in the order of their numbers. */
const byNumber: LineOrder<number> = {
  keyOf: (line) => Number(line.split(" ")[0]),
  compare: (a, b) => a - b,
};

async function mergedLines(
  runs: readonly (readonly string[])[],
  options: { fanIn?: number; readAhead?: number } = {},
  store: Store = nodeStore,
): Promise<string[]> {
  const sorted = await SortedRuns.create(store, join(root, "runs"), byNumber, options);
  for (const run of runs) await sorted.add(run);
  const lines: string[] = [];
  for await (const { line, key } of sorted.merged()) {
    expect(key).toBe(byNumber.keyOf(line));
    lines.push(line);
  }
  expect(readdirSync(root)).toEqual([]);
  return lines;
}

test("sorted runs become one, and lines with equal keys stand in the order of their runs", async () => {
  const runs = [["1 a", "4 a", "4 aa"], [], ["0 b", "4 b"], ["4 c", "9 c é猫"]];
  const expected = ["0 b", "1 a", "4 a", "4 aa", "4 b", "4 c", "9 c é猫"];
  expect(await mergedLines(runs)).toEqual(expected);
});

test("no runs and no lines are no lines", async () => {
  expect(await mergedLines([])).toEqual([]);
  expect(await mergedLines([[], []])).toEqual([]);
});

test("more runs than are merged at a time take rounds, with the same result for any size of the buffers", async () => {
  const random = Random.at(1, "runs");
  const runs = Array.from({ length: 30 }, (_, run) => {
    const numbers = Array.from({ length: random.int(200) }, () => random.int(50));
    const filler = "é".repeat(random.int(60));
    return numbers.sort((a, b) => a - b).map((number, i) => `${number} ${run}.${i}${filler}`);
  });
  const expected = runs.flat().sort((a, b) => byNumber.keyOf(a) - byNumber.keyOf(b));
  expect(await mergedLines(runs, { fanIn: 100 })).toEqual(expected);
  expect(await mergedLines(runs, { fanIn: 3, readAhead: 1 })).toEqual(expected);
});

test("one file is read at a time, in readings that are bounded", async () => {
  let [open, most, longest] = [0, 0, 0];
  const watched: Store = {
    ...nodeStore,
    async open(path) {
      const file = await nodeStore.open(path);
      most = Math.max(most, ++open);
      return {
        ...{ name: file.name, size: file.size },
        read: (offset, length) => {
          longest = Math.max(longest, length);
          return file.read(offset, length);
        },
        close: () => {
          open--;
          return file.close();
        },
      };
    },
  };
  const runs = Array.from({ length: 500 }, (_, run) =>
    Array.from({ length: 100 }, (_, i) => `${i} ${run} ${"x".repeat(100)}`),
  );
  const readAhead = 20 * 4096;
  const lines = await mergedLines(runs, { fanIn: 20, readAhead }, watched);
  expect(lines).toHaveLength(50_000);
  expect([open, most]).toEqual([0, 1]);
  expect(longest).toBeLessThanOrEqual(readAhead / 2);
});
