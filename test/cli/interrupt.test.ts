import { expect, test } from "vitest";
import { keptNote, measuredNote } from "../../src/cli/interrupt.ts";

test("a stopped job says what it leaves, and calls a folder incomplete only where something is in it", () => {
  expect(keptNote(0, "image", "masks")).toBe("nothing is left behind");
  expect(keptNote(1, "image", "masks")).toMatch(
    /^masks is not complete; 1 image is finished and kept; .*--resume/,
  );
  expect(keptNote(2, "mask")).toMatch(/^2 masks are finished and kept; /);
  expect(measuredNote(undefined, "mask", "out")).toBe("nothing is written");
});
