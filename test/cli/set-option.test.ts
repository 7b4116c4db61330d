import { describe, expect, test } from "vitest";
import { setting } from "../../src/cli/set-option.ts";

describe("a setting", () => {
  test.each<[string, unknown]>([
    ["train.lr=1e-4", 1e-4],
    ["train.lr=0.001", 1e-3],
    ["train.freezeNorms=false", false],
    ["pseudo.scales=[1, 0.5]", [1, 0.5]],
    ["model.backbone=mit_b0", "mit_b0"],
    ["train.lr=a=b", "a=b"],
    ["train.lr=", null],
  ])("%s has its YAML value", (text, value) => {
    const [key] = text.split("=");
    expect(setting(text)).toEqual({ [key!]: value });
  });

  test("adds to those before it and wins over its own namesake", () => {
    expect(setting("a=3", { a: 1, b: 2 })).toEqual({ a: 3, b: 2 });
  });

  test("nested too deeply is refused at once", () => {
    const nested = `a=${'{"a":'.repeat(100_000)}1${"}".repeat(100_000)}`;
    expect(() => setting(nested)).toThrow("Expected a number");
  });

  test.each(["train.lr", "=3", "a=[1"])("%s is refused", (text) => {
    expect(() => setting(text)).toThrow("Expected");
  });
});
