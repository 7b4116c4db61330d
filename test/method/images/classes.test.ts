import { expect, test } from "vitest";
import { validateClasses, vocClasses, vocPalette } from "../../../src/method/images/classes.ts";
import { normalize, normalizeToChannelsFirst } from "../../../src/method/images/normalize.ts";
import { UserError } from "../../../src/user-error.ts";

test("the palette begins and ends as that of VOC", () => {
  expect(vocPalette.slice(0, 5)).toEqual([
    [0, 0, 0],
    [128, 0, 0],
    [0, 128, 0],
    [128, 128, 0],
    [0, 0, 128],
  ]);
  expect(vocPalette[20]).toEqual([0, 64, 128]);
  expect(vocPalette[255]).toEqual([224, 224, 192]);
  expect(new Set(vocPalette.map(String)).size).toBe(256);
});

test("VOC has twenty classes", () => {
  expect(vocClasses).toHaveLength(20);
  expect(() => validateClasses(vocClasses, "voc")).not.toThrow();
});

test.each([
  [[], "classes.txt: no classes"],
  [["cat", " "], "class 2 has an empty name"],
  [["cat", "dog", "Cat"], 'classes 1 and 3 are both "Cat"'],
  [["Background", "cat"], "background is label 0"],
  [["a;b"], "semicolon"],
  [Array.from({ length: 255 }, (_, i) => `c${i}`), "255 classes; masks have 8 bits"],
])("classes %j are refused", (classes, message) => {
  const check = () => validateClasses(classes, "classes.txt");
  expect(check).toThrow(UserError);
  expect(check).toThrow(message);
});

test("normalizing subtracts the mean, divides by the deviation, and can put channels first", () => {
  const pixels = Uint8Array.of(10, 20, 30, 40, 50, 60);
  const by = { mean: [10, 20, 30], std: [1, 2, 3] };
  expect([...normalize(pixels, by)]).toEqual([0, 0, 0, 30, 15, 10]);
  expect([...normalizeToChannelsFirst(pixels, 2, by)]).toEqual([0, 30, 0, 15, 0, 10]);
  expect([...normalizeToChannelsFirst(pixels, 1, by)]).toEqual([0, 0, 0, 30, 15, 10]);
  expect(() => normalizeToChannelsFirst(pixels, 4, by)).toThrow(
    "6 values are not whole RGB images of 4 pixels",
  );
  expect(() => normalize(pixels, by, new Float32Array(3))).toThrow("6 values for an output of 3");
});
