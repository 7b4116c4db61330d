import { expect, test } from "vitest";
import { checkYamlDepth } from "../../../src/files/text/yaml-depth.ts";

test.each([
  ["blocks", Array.from({ length: 400 }, (_, i) => `${" ".repeat(i)}a:`).join("\n")],
  ["lists in a line", `a:\n  ${"- ".repeat(200)}b`],
  ["brackets", "[".repeat(3000)],
])("%s that are nested too deeply are refused before they are parsed", (_, text) => {
  expect(() => checkYamlDepth(text)).toThrow(SyntaxError);
});

test("settings and long lists are not deep", () => {
  checkYamlDepth(`names:\n${"  - [a, {b: c}]\n".repeat(1000)}x: {a: [1, 2]}\n`);
});
