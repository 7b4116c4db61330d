import { posix } from "node:path";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import * as path from "../../../src/files/text/path.ts";

const part = fc.constantFrom("a", "b.c", "..", ".", "", ".hidden", "d.tar.gz", "é ü", "x.");
const anyPath = fc
  .tuple(fc.boolean(), fc.array(part, { minLength: 1, maxLength: 6 }), fc.boolean())
  .map(([rooted, parts, open]) => `${rooted ? "/" : ""}${parts.join("/")}${open ? "/" : ""}`);

describe("paths are those of Node's path.posix", () => {
  for (const name of ["normalize", "basename", "dirname", "extname", "isAbsolute"] as const) {
    test(name, () => {
      fc.assert(
        fc.property(anyPath, (one) => {
          // Node keeps doubled separators in the folder of a path.
          const given = name === "dirname" ? posix.normalize(one) : one;
          expect(path[name](given)).toBe(posix[name](given));
        }),
        { seed: 1, numRuns: 500 },
      );
    });
  }

  test("join and relative", () => {
    fc.assert(
      fc.property(anyPath, anyPath, (one, other) => {
        expect(path.join(one, other)).toBe(posix.join(one, other));
        const [a, b] = [posix.join("/r", one), posix.join("/r", other)];
        expect(path.relative(a, b)).toBe(posix.relative(a, b));
      }),
      { seed: 1, numRuns: 500 },
    );
  });
});

test("a Windows drive begins an absolute path", () => {
  expect(path.isAbsolute("C:/photos/a.jpg")).toBe(true);
  expect(path.join("C:/photos", "../b", "c.jpg")).toBe("C:/b/c.jpg");
  expect(path.dirname("C:/a.jpg")).toBe("C:/");
});
