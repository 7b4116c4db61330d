import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { Afa } from "../../../src/method/model/index.ts";
import { groupOf } from "../../../src/method/train/param-groups.ts";

test("every parameter is in the group of golden param_groups", () => {
  const golden = JSON.parse(
    readFileSync(new URL("../../golden/param_groups.json", import.meta.url), "utf8"),
  ) as string[][];
  const names = new Afa({ backbone: "mit_b1", classes: 20 }).trainable.map((p) => p.name);
  const inGolden = names.filter((name) => golden.flat().includes(name));
  expect(golden.flat().filter((name) => !inGolden.includes(name))).toEqual([]);
  const groups = ["encoder", "norms", "heads", "decoder"].map((group) =>
    inGolden.filter((name) => groupOf(name) === group).sort(),
  );
  expect(groups).toEqual(golden.map((group) => [...group].sort()));
});
