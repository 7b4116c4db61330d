import { expect, test } from "vitest";
import { LostDetails, type LedgerEntry } from "../../../src/files/formats/lost-details.ts";
import { MergedLosses } from "../../../src/files/shards/merged-losses.ts";

const ledgers: readonly (readonly LedgerEntry[])[] = [
  [["read", "a", 3], ["lost", "a", 1, "tiny"], ["shown", "a", 2]],
  [["read", "b", 2], ["shown", "b", 1]],
  [],
  [["read", "c", 4], ["lost", "c", 0, "color"], ["lost", "c", 2, "tiny"], ["lost", "c", 1, "tiny"], ["shown", "c", 1]],
  [["shown", "d", 1]],
]; // prettier-ignore

test("ledgers of images, one after the other, are told as one ledger of all, unexplained differences last", () => {
  const [whole, merged] = [new LostDetails(), new MergedLosses()];
  for (const entries of ledgers) {
    whole.repeat(entries);
    merged.add(entries);
  }
  expect(whole.list()).toHaveLength(3);
  expect(merged.list()).toEqual(whole.list());
  expect(merged.objects).toBe(whole.objects);
});

test("nothing lost is an empty list", () => {
  const merged = new MergedLosses();
  merged.add([["read", "a", 2], ["shown", "a", 2]]); // prettier-ignore
  expect(merged.list()).toEqual([]);
});
