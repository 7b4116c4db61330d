import { join, resolve } from "node:path";
import fc from "fast-check";
import { expect, test } from "vitest";
import { safeFileName, safePath } from "../../../src/files/text/file-name.ts";

test.each([
  ["cat", "cat"],
  ["2007_000032", "2007_000032"],
  ["holiday/day 1/cat", "holiday/day 1/cat"],
  ["../../etc/passwd", "etc/passwd"],
  ["/etc/passwd", "etc/passwd"],
  ["C:\\photos\\cat", "C_/photos/cat"],
  ["a//b/./c", "a/b/c"],
  ['what? "cat" <1>', "what_ _cat_ _1_"],
  ["line\nbreak\u0000", "line_break_"],
  [".hidden", "_hidden"],
  ["con", "_con"],
  ["nul.txt", "_nul.txt"],
  ["ends in a dot. ", "ends in a dot"],
  ["naïve 猫", "naïve 猫"],
  ["..", "unnamed"],
  ["", "unnamed"],
])("%j becomes %j", (name, path) => {
  expect(safePath(name)).toBe(path);
});

test("no name leaves its folder, and every part of it can be a file name", () => {
  const hostile = fc.string({
    unit: fc.constantFrom("/", "\\", ".", "..", "a", " ", "\0", "C:", "猫"),
  });
  fc.assert(
    fc.property(fc.oneof(hostile, fc.string({ maxLength: 400 })), (name) => {
      const path = safePath(name);
      expect(resolve(join("/out/masks", path)).startsWith("/out/masks/")).toBe(true);
      for (const part of path.split("/")) {
        expect(part).not.toBe("");
        expect(Buffer.byteLength(part)).toBeLessThanOrEqual(180);
      }
      expect(safeFileName(name)).not.toContain("/");
    }),
    { seed: 1, numRuns: 500 },
  );
});

test("long names that differ at their end alone stay different", () => {
  const long = "猫".repeat(150);
  expect(safePath(`${long}1`)).not.toBe(safePath(`${long}2`));
});
