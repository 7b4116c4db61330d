import { describe, expect, test } from "vitest";
import { mutated, type Mutation } from "../../bench/mutants/mutation.ts";
import { mutationsOf } from "../../bench/mutants/operators.ts";
import { withProbes } from "../../bench/mutants/workspace.ts";

const all = (text: string) => mutationsOf("x.ts", text).map((m) => mutated(text, m));

describe("mutations", () => {
  test.each<[string, string[]]>([
    ["let a = b + c % d", ["let a = b - c % d", "let a = b + c * d"]],
    ["const f = () => a *= b", ["const f = () => a /= b"]],
    ["const ok = i < n", ["const ok = i <= n", "const ok = i < (n) - 1"]],
    ["const ok = i >= n", ["const ok = i > n", "const ok = i >= (n) - 1"]],
    ["if (a) throw b;", ["if (!(a)) throw b;", "if (a) ;"]],
    ["const x = a ? b : c", ["const x = !(a) ? b : c"]],
    ["const x = [0, 3]", ["const x = [0, (3 * 2)]"]],
    ["f(a);", [";"]],
    ["type X = 1 | 2", []],
    ["class A extends B { constructor() { super(a); } }", []],
  ])("%s", (text, expected) => {
    expect(all(text)).toEqual(expected);
  });

  test("tell the line and the replaced text", () => {
    expect(mutationsOf("x.ts", "f();\n  g(a + b);")[2]).toMatchObject({
      line: 2,
      before: "a + b",
      after: "a - b",
    });
  });
});

test("probes nest, keep every value and report what ran, and only that", () => {
  const text = "const f = (x) => { if (x < 2 + 1) return x * 5; return -x; };";
  const places = mutationsOf("x.ts", text).map((mutation, index) => ({ ...mutation, index }));
  const probed = withProbes(text, places, "/reached").replace(/\nfunction __reach[^]*/, "");
  const seen = new Set<number>();
  const run = new Function("__reach", `${probed} return f(2);`);
  expect(run((index: number) => seen.add(index))).toBe(10);
  const missed = places.filter(({ index }) => !seen.has(index));
  expect(missed.map((m: Mutation) => m.before)).toEqual(["return -x;"]);
});
