import { expect, test } from "vitest";
import { chooseByTags } from "../../../src/method/inference/label-source.ts";

const good = { images: 20, tagsFound: 0.9, tagsShown: 0.95, agreement: 0.6 };

test.each([
  ["segmentation", good],
  ["affinity", { ...good, tagsFound: 0.3 }],
  ["affinity", { ...good, tagsShown: 0.4 }],
  ["affinity", { ...good, images: 0 }],
] as const)("masks come from %s with %o", (source, measured) => {
  expect(chooseByTags(measured)).toMatchObject({ source, measured });
});

test("the reason says what was measured and what is needed", () => {
  expect(chooseByTags({ ...good, tagsFound: 0.3 }).reason).toBe(
    "on 20 images, the segmentation finds the tags with an F1 of 30 % and shows 95 % of the tags it is told; it would need 60 % and 80 %",
  );
});
