import { expect, test } from "vitest";
import { decodeBrush, encodeBrush } from "../../../../src/files/formats/label-studio/brush.ts";
import { UserError } from "../../../../src/user-error.ts";

const encode = (...counts: number[]): number[] => [...encodeBrush(counts)];

test("a mask of runs comes back, whatever their lengths", () => {
  // Around the sizes of 3, 4, 8 and 16 bits, in values of four a pixel, and beyond the longest run.
  for (const run of [1, 2, 3, 4, 5, 63, 64, 65, 16_383, 16_384, 16_385, 40_000]) {
    const width = 2 * run + 1;
    const mask = decodeBrush(encode(run, run, 1), width, 1, "a");
    const expected = Uint8Array.from({ length: width }, (_, i) => Number(i >= run && i < 2 * run));
    expect(Buffer.compare(mask, expected)).toBe(0);
  }
});

test("the header has the number of values in 32 bits, their size and the sizes of run lengths", () => {
  // 4 * 20,000 = 0x13880; 7 for 8 bits; 3, 4, 8 and 16 bits, less one.
  const [header, rest] = ["00000000000000010011100010000000" + "00111" + "0010001101111111", "1" + "11"]; // prettier-ignore
  const bits = encode(20_000).map((byte) => byte.toString(2).padStart(8, "0")).join(""); // prettier-ignore
  expect(bits.slice(0, header.length + rest.length)).toBe(header + rest);
});

test("a brush may end with the last bit of a byte, and not a bit too early", () => {
  // 53 bits of header, then 14 bits for each run of up to 8 values and 15 for one of up to 16.
  const [full, long] = [encode(1, 1, 3), encode(1, 1)];
  expect([full.length, long.length]).toEqual([(53 + 14 + 14 + 15) / 8, (53 + 14 + 14 + 7) / 8]);
  expect([...decodeBrush(full, 5, 1, "a")]).toEqual([0, 1, 0, 0, 0]);
  expect([...decodeBrush(long, 2, 1, "a")]).toEqual([0, 1]);
  expect(() => decodeBrush(long.slice(0, -1), 2, 1, "a")).toThrow(/^a: .* ends too early$/);
});

test.each<[string, number[], RegExp]>([
  ["no bytes", [], /^a: the brush's rle is of 0 bytes, expected 8-bit RGBA of 3x2 = 6 pixels$/],
  ["seven bytes", encode(6).slice(0, 7), /rle is of 7 bytes, /],
  ["eight bytes of another image", encode(5).slice(0, 8), /rle is of 5 pixels, /],
  ["no pixels", [0, 0, 0, 0, ...encode(6).slice(4)], /rle is of 0 pixels, /],
  ["values of 4 bits", encode(6).map((byte, i) => (i === 4 ? 0x1f & byte : byte)), /rle is of 6 pixels, /], // prettier-ignore
  ["a value of 256", encode(6).map((byte, i) => (i === 2 ? 256 : byte)), /^a: value 3 .* is 256, /],
  ["a negative value", [-1, ...encode(6)], /^a: value 1 .* is -1, /],
  ["half a value", [...encode(6), 0.5], / is 0\.5, .*255$/],
  ["nothing behind the header", encode(6).slice(0, 8), /^a: the brush's rle is damaged/],
])("a brush is refused for %s", (_, rle, message) => {
  expect(() => decodeBrush(rle, 3, 2, "a")).toThrow(UserError);
  expect(() => decodeBrush(rle, 3, 2, "a")).toThrow(message);
});
