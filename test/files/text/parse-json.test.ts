import { expect, test } from "vitest";
import { parseJson } from "../../../src/files/text/parse-json.ts";

const nested = (depth: number): string => "[".repeat(depth) + "]".repeat(depth);

test("JSON is parsed up to a depth that no file needs and everything can walk", () => {
  expect(JSON.stringify(parseJson(nested(500)))).toBe(nested(500));
  expect(() => parseJson(nested(501))).toThrow(SyntaxError);
  expect(() => parseJson(`{"a":${nested(100_000)}}`)).toThrow("nested more than 500 levels deep");
});

test("brackets in a text are no nesting", () => {
  const text = `"${"[".repeat(1000)}"`;
  expect(parseJson(`["\\"[[", ${text}, "\\\\"]`)).toEqual(['"[[', text.slice(1, -1), "\\"]);
  expect(() => parseJson(`["${"[".repeat(1000)}`)).toThrow(/JSON/);
});

test("the reason is one line", () => {
  expect(() => parseJson('{\n  "a": $\n}')).toThrow(/^[^\n]+$/);
});
