import { expect, test } from "vitest";
import { camAreas } from "../../../src/method/eval/cam-areas.ts";

test("areas are means over the images, whatever their size, without ignored pixels", () => {
  const panel = (...data: number[]) => ({ cam: { width: data.length, height: 1, data: Uint8Array.from(data) } }); // prettier-ignore
  expect(camAreas([panel(0, 0, 1, 255), panel(2, 2)], 2)).toEqual([0.25, 0.125, 0.5]);
});
