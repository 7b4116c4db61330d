import { expect, test } from "vitest";
import {
  cocoClasses,
  maxClasses,
  validateClasses,
  vocClasses,
  vocPalette,
} from "../../../src/method/images/classes.ts";
import {
  imageNetNormalization,
  normalize,
  normalizeToChannelsFirst,
} from "../../../src/method/images/normalize.ts";
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

test("VOC has twenty classes, COCO eighty, and a mask of 8 bits holds 254", () => {
  expect(vocClasses).toHaveLength(20);
  expect(cocoClasses).toHaveLength(80);
  const most = Array.from({ length: 254 }, (_, i) => `c${i}`);
  expect(maxClasses).toBe(most.length);
  for (const classes of [vocClasses, cocoClasses, most, ["a"]])
    expect(() => validateClasses(classes, "all")).not.toThrow();
});

test.each([
  [[], "classes.txt: no classes; at least one is needed"],
  [["cat", " "], "class 2 has an empty name"],
  [["cat", "dog", "Cat"], 'classes 1 and 3 are both "Cat"'],
  [["cat", " cat "], 'classes 1 and 2 are both " cat "'],
  [["cat", " Background"], 'class 2 is " Background"; background is label 0'],
  [["cat", "a;b"], 'class 2, "a;b", has a semicolon or control character'],
  [["a\tb"], 'class 1, "a\\tb", has a semicolon or control character'],
  [
    Array.from({ length: 255 }, (_, i) => `c${i}`),
    "255 classes; masks have 8 bits, so at most 254 are possible",
  ],
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
  for (const area of [-1, 0, 4]) {
    expect(() => normalizeToChannelsFirst(pixels, area, by)).toThrow(
      `6 values are not whole RGB images of ${area} pixels`,
    );
  }
  const room = new Float32Array(6);
  expect(normalize(pixels, by, room)).toBe(room);
  expect(normalizeToChannelsFirst(pixels, 2, by, room)).toBe(room);
  expect(() => normalize(pixels, by, new Float32Array(3))).toThrow("6 values for an output of 3");
});

test("the default normalization is that of ImageNet: mean and deviation of 0..1, in levels", () => {
  const levels = ([...values]: readonly number[]) =>
    values.map((v) => Number((v * 255).toFixed(3)));
  expect(imageNetNormalization).toEqual({
    mean: levels([0.485, 0.456, 0.406]),
    std: levels([0.229, 0.224, 0.225]),
  });
  const pixel = Uint8Array.of(0, 128, 255);
  const { mean, std } = imageNetNormalization;
  const expected = Float32Array.from(pixel, (level, c) => (level - mean[c]!) / std[c]!);
  expect(normalize(pixel)).toEqual(expected);
  expect(normalizeToChannelsFirst(pixel, 1)).toEqual(expected);
});
