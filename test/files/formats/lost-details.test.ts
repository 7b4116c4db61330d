import { expect, test } from "vitest";
import { LostDetails } from "../../../src/files/formats/lost-details.ts";

test("an image counts once for each detail, other images besides", () => {
  const losses = new LostDetails();
  for (const [what, image] of ["xa", "xb", "xa", "ya"]) losses.add(what!, image!);
  expect(losses.list()).toEqual([
    { what: "x", images: 2 },
    { what: "y", images: 1 },
  ]);
});
