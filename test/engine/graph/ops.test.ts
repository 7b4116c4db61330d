import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import ts from "typescript";
import { expect, test } from "vitest";
import * as graph from "../../../src/engine/graph/index.ts";
import { evaluate } from "../../network.ts";
import { compareWithFormula } from "./central-differences.ts";
import { opTable } from "./op-table.ts";

/** Relative to the largest value; float64's is that of central differences. */
const tolerance = { float32: 2e-6, float64: 1e-8 };

test.each(opTable.map((row) => [row.name, row.dtype, row] as const))(
  "%s equals its formula and its gradients central differences, in %s",
  async (_, dtype, row) => {
    const errors = await compareWithFormula(row, "cpu", dtype);
    expect(errors.value).toBeLessThan(tolerance[dtype]);
    for (const [i, error] of errors.gradients.entries()) {
      expect(error, `gradient of input ${i}`).toBeLessThan(tolerance[dtype]);
    }
  },
);

/** Exported functions that make tensors or grids of others, by their signatures in the sources. */
function exportedOps(): string[] {
  const folder = join(import.meta.dirname, "../../../src/engine/graph");
  const tensors = /^(Tensor|Operand|Grid|BlockedMaps|(readonly )?Tensor\[\]|\{ y: Tensor; .*\})$/;
  const ops = readdirSync(folder).flatMap((name) => {
    const text = readFileSync(join(folder, name), "utf8");
    const source = ts.createSourceFile(name, text, ts.ScriptTarget.Latest, true);
    return source.statements
      .filter(ts.isFunctionDeclaration)
      .filter(({ type, parameters: [first] }) =>
        [type, first?.type].every((given) => given && tensors.test(given.getText())),
      )
      .map((declaration) => declaration.name!.text);
  });
  return ops.filter((name) => Object.hasOwn(graph, name));
}

/** Ops that are no row of the table, and the tests that compute them. */
const elsewhere: Record<string, string> = {
  ...{ stopGradient: "gradient.test.ts", composite: "gradient.test.ts" },
  ...{
    toBlocked: "../../method/model/blocked.test.ts",
    fromBlocked: "../../method/model/blocked.test.ts",
  },
  ...{
    blockedLinear: "../../method/model/blocked.test.ts",
    blockedDepthwise3x3: "../../method/model/blocked.test.ts",
  },
  unbroadcast: "op-table.ts", // the gradient of "add a row" and "add a column to a row"
  withTokens: "op-table.ts", // only names a grid's tokens
};

test("every op that the graph exports is a row of the table or tested by itself", () => {
  const titled = new Set(opTable.map((row) => row.name.split(/[ ,']/)[0]!));
  const ops = exportedOps();
  expect(ops.length).toBeGreaterThan(50);
  expect(ops.filter((name) => !titled.has(name)).sort()).toEqual(Object.keys(elsewhere).sort());
  for (const file of Object.values(elsewhere)) {
    expect(existsSync(join(import.meta.dirname, file)), file).toBe(true);
  }
});

test("the first of equal maxima gets the whole gradient", async () => {
  const x = graph.input("x", [2, 4]);
  const [dx] = graph.gradients(
    graph.sumAll(graph.mul(graph.reduceMax(x, 1), graph.constant([2], [10, 20]))),
    [x],
  );
  const { y } = await evaluate({ y: dx! }, { x: graph.float32([2, 4], [1, 3, 3, 2, 5, 5, 5, 5]) });
  expect([...y!.data]).toEqual([0, 10, 0, 0, 20, 0, 0, 0]);
});

test("the first of two equal operands of maximum gets the whole gradient", async () => {
  const [a, b] = [graph.input("a", [3]), graph.input("b", [3])];
  const [da, db] = graph.gradients(graph.sumAll(graph.maximum(a, b)), [a, b]);
  const feeds = { a: graph.float32([3], [1, 2, 3]), b: graph.float32([3], [3, 2, 1]) };
  const results = await evaluate({ da: da!, db: db! }, feeds);
  expect([...results["da"]!.data]).toEqual([0, 1, 1]);
  expect([...results["db"]!.data]).toEqual([1, 0, 0]);
});
