import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { readBitmap } from "../../../../src/host/both/images/bitmap.ts";
import { nodeCodec } from "../../../../src/host/node/images/codec.ts";
import { isImageName } from "../../../../src/method/images/image-name.ts";
import { makeFolder } from "../../../files/datasets/folders.ts";

/** Red, green; blue, white. */
const four = [255, 0, 0, 0, 255, 0, 0, 0, 255, 255, 255, 255];

/** A BMP of 2 x 2 pixels. @param rows bytes of the lines as they stand in the file */
function bmp(bits: number, rows: number[], { lines = 2, palette = [] as number[], compression = 0 } = {}) {
  const start = 54 + palette.length;
  const bytes = new Uint8Array(start + rows.length);
  const view = new DataView(bytes.buffer);
  bytes.set([0x42, 0x4d]);
  view.setUint32(10, start, true);
  view.setUint32(14, 40, true);
  view.setInt32(18, 2, true);
  view.setInt32(22, lines, true);
  view.setUint16(28, bits, true);
  view.setUint32(30, compression, true);
  bytes.set(palette, 54);
  bytes.set(rows, start);
  return bytes;
} // prettier-ignore
const palette = [0, 0, 255, 0, 0, 255, 0, 0, 255, 0, 0, 0, 255, 255, 255, 0];
const low = [255, 0, 0, 255, 255, 255, 0, 0];
const high = [0, 0, 255, 0, 255, 0, 0, 0];
const text = (head: string, data: number[] = []) =>
  Uint8Array.from([...Buffer.from(head), ...data]);

test.each<[string, Uint8Array, number[]]>([
  ["BMP of 24 bits, from below", bmp(24, [...low, ...high]), four],
  ["BMP of 24 bits, from above", bmp(24, [...high, ...low], { lines: -2 }), four],
  ["BMP of 32 bits", bmp(32, [255, 0, 0, 0, 255, 255, 255, 0, 0, 0, 255, 0, 0, 255, 0, 0]), four],
  ["BMP of 8 bits", bmp(8, [2, 3, 0, 0, 0, 1, 0, 0], { palette }), four],
  ["BMP of 4 bits", bmp(4, [0x23, 0, 0, 0, 0x01, 0, 0, 0], { palette }), four],
  ["BMP of 1 bit", bmp(1, [0x40, 0, 0, 0, 0x80, 0, 0, 0], { palette: palette.slice(0, 8) }), [0, 255, 0, 255, 0, 0, 255, 0, 0, 0, 255, 0]],
  ["BMP of 16 bits", bmp(16, [0x1f, 0, 0xff, 0x7f, 0, 0x7c, 0xe0, 0x03]), four],
  ["PPM of bytes", text("P6\n# made by hand\n2 2\n255\n", four), four],
  ["PPM of 16 bits", text("P6 2 2 65535\n", four.flatMap((v) => [v, v])), four],
  ["PPM as text", text(`P3 2 2 255 ${four.join(" ")}`), four],
  ["PGM", text("P5 2 1 255\n", [0, 128]), [0, 0, 0, 128, 128, 128]],
  ["PBM as text", text("P1 2 1 01"), [255, 255, 255, 0, 0, 0]],
  ["PBM of bits", text("P4 2 1\n", [0x40]), [255, 255, 255, 0, 0, 0]],
])("%s is read", async (_, bytes, pixels) => {
  const { width, height } = readBitmap(bytes)!;
  const image = await nodeCodec.decode({ bytes, name: "x" });
  expect(image).toEqual({ width, height, data: Uint8Array.from(pixels) });
}); // prettier-ignore

test("files of these formats have headers and thumbnails like others", async () => {
  const root = await makeFolder({ "a.bmp": bmp(24, [...low, ...high]), "b.PPM": text("P6 2 2 255\n", four) }); // prettier-ignore
  expect(await nodeCodec.header(join(root, "a.bmp"))).toEqual({ format: "bmp", width: 2, height: 2 }); // prettier-ignore
  expect(await nodeCodec.header(join(root, "b.PPM"))).toMatchObject({ format: "ppm", width: 2 });
  expect(await nodeCodec.thumbnail(join(root, "a.bmp"), 64)).toMatchObject({ width: 2, height: 2 });
  // A JPEG that is called .bmp is read by its content.
  const { jpeg } = await nodeCodec.thumbnail(join(root, "b.PPM"), 64);
  writeFileSync(join(root, "c.bmp"), jpeg);
  expect(await nodeCodec.header(join(root, "c.bmp"))).toMatchObject({ format: "jpeg" });
});

test.each<[string, Uint8Array, RegExp]>([
  ["a BMP that is cut short", bmp(24, low), /damaged or cut short/],
  ["a compressed BMP", bmp(8, [...low, ...high], { compression: 1 }), /BMP of 8 bits with compression 1; save it without/],
  ["a BMP without a size", bmp(24, [...low, ...high], { lines: 0 }), /size is not readable/],
  ["a PPM that is cut short", text("P6 2 2 255\n", four.slice(1)), /damaged or cut short/],
  ["a PPM whose text ends", text("P3 2 2 255 1 2 3"), /damaged or cut short/],
  ["a PPM beyond all memory", text("P6 99999 99999 255\n"), /more than 200 million pixels/],
])("%s is refused by name", async (_, bytes, message) => {
  const decode = async () => nodeCodec.decode({ bytes, name: "p" });
  await expect(decode()).rejects.toThrow(/^p: not a readable image: /);
  await expect(decode()).rejects.toThrow(message);
}); // prettier-ignore

test.each(["a.bmp", "a.DIB", "a.ppm", "a.pgm", "a.pbm", "a.HEIC", "a.jp2", "a.svg", "a.jxl", "a.cr2"])(
  "%s counts as an image", (name) => expect(isImageName(name)).toBe(true),
); // prettier-ignore

test.each(["a.txt", ".bmp", "bmp", "a.png.txt", "x/.png", "Thumbs.db"])("%s does not", (name) =>
  expect(isImageName(name)).toBe(false),
);

test("a picture that is not read says so, whatever is in it", async () => {
  const root = await makeFolder({ "my photo.heic": "ftypheic", "b.svg": "<svg/>" });
  await expect(nodeCodec.header(join(root, "my photo.heic"))).rejects.toThrow(
    /my photo\.heic: found, but not readable here, as it is HEIC; convert it: heif-convert "my photo\.heic" picture\.jpg/,
  );
  await expect(nodeCodec.decode(join(root, "b.svg"))).rejects.toThrow(/b\.svg: found, but not readable here/); // prettier-ignore
});
