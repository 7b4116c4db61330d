import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import type { KnownMutant } from "../../bench/mutants/choose.ts";
import { mutated, type Mutation } from "../../bench/mutants/mutation.ts";
import { mutationsOf } from "../../bench/mutants/operators.ts";
import { withProbes } from "../../bench/mutants/workspace.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));
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

describe("the lists of mutants name code that is there", () => {
  const source = (file: string) => readFileSync(join(root, file), "utf8");
  const read = <T>(name: string) => JSON.parse(source(`bench/${name}`)) as T[];

  test.each(read<KnownMutant>("known-mutants.json"))("$title", ({ file, find }) => {
    expect(source(file).split(find)).toHaveLength(2);
  });

  type Equivalent = Record<"file" | "line" | "before" | "reason", string>;
  test.each(read<Equivalent>("equivalent-mutants.json"))("$file: $reason", (mutant) => {
    const { file, line, before } = mutant;
    expect(
      source(file)
        .split("\n")
        .map((text) => text.trim()),
    ).toContain(line);
    expect(line).toContain(before.split("\n")[0]);
  });
});
