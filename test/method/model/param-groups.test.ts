import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { Afa } from "../../../src/method/model/index.ts";

test("every parameter is in the group of golden param_groups", () => {
  const golden = JSON.parse(
    readFileSync(new URL("../../golden/param_groups.json", import.meta.url), "utf8"),
  ) as string[][];
  const { trainable } = new Afa({ backbone: "mit_b1", classes: 20 });
  const names = trainable.map(({ name }) => name);
  expect(golden.flat().filter((name) => !names.includes(name))).toEqual([]);
  const inGolden = trainable.filter(({ name }) => golden.flat().includes(name));
  const groups = ["encoder", "norms", "heads", "decoder"].map((group) =>
    inGolden.flatMap((p) => (p.group === group ? [p.name] : [])).sort(),
  );
  expect(groups).toEqual(golden.map((group) => [...group].sort()));
});
