import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync, mkdirSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { crc32, deflateSync } from "node:zlib";
import { encode } from "fast-png";
import fc from "fast-check";
import sharp from "sharp";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { vocPalette } from "../../../../src/method/images/classes.ts";
import type { Image } from "../../../../src/method/images/image.ts";
import { writeFileAtomic } from "../../../../src/host/node/files/atomic-file.ts";
import {
  decodeImage,
  encodeImage,
  nodeCodec,
  readImage,
  readMask,
  writeImage,
  writeMask,
} from "../../../../src/host/node/images/codec.ts";
import { decodeMask, encodeMask } from "../../../../src/host/node/images/index-png.ts";
import { UserError } from "../../../../src/user-error.ts";

let folder: string;
beforeAll(() => void (folder = mkdtempSync(join(tmpdir(), "tag2mask-images-"))));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** 12 x 8: left half (200, 40, 90), right half (20, 160, 240). */
const picture: Image = { width: 12, height: 8, data: new Uint8Array(12 * 8 * 3) };
for (let i = 0; i < 96; i++) picture.data.set(i % 12 < 6 ? [200, 40, 90] : [20, 160, 240], i * 3);
const raw = () => sharp(picture.data, { raw: { width: 12, height: 8, channels: 3 } });
const pixel = (image: Image, x: number, y: number) => [
  ...image.data.subarray((y * image.width + x) * 3, (y * image.width + x) * 3 + 3),
];

function near(actual: number[], expected: number[], within: number): void {
  actual.forEach((value, i) => expect(Math.abs(value - expected[i]!)).toBeLessThanOrEqual(within));
}

describe("decoding", () => {
  test("PNG is exact", async () => {
    expect(await decodeImage(await raw().png().toBuffer(), "x")).toEqual(picture);
    expect(await decodeImage(await encodeImage(picture, "png"), "x")).toEqual(picture);
  });

  test.each(["jpeg", "webp", "tiff", "gif", "avif"] as const)("%s is read", async (format) => {
    const bytes = await raw().toFormat(format, { quality: 95 }).toBuffer();
    const image = await decodeImage(bytes, "x");
    expect([image.width, image.height]).toEqual([12, 8]);
    near(pixel(image, 2, 4), [200, 40, 90], 12);
    near(pixel(image, 9, 4), [20, 160, 240], 12);
  });

  test("gray of 1, 8 and 16 bits becomes three equal channels", async () => {
    const gray8 = encode({ width: 2, height: 1, channels: 1, data: Uint8Array.of(7, 250) });
    const gray16 = encode({
      ...{ width: 2, height: 1, channels: 1, depth: 16 },
      data: Uint16Array.of(7 * 257, 250 * 257),
    });
    const grayJpeg = await raw().grayscale().jpeg().toBuffer();
    expect([...(await decodeImage(gray8, "x")).data]).toEqual([7, 7, 7, 250, 250, 250]);
    expect([...(await decodeImage(gray16, "x")).data]).toEqual([7, 7, 7, 250, 250, 250]);
    const jpeg = await decodeImage(grayJpeg, "x");
    expect(jpeg.data).toHaveLength(12 * 8 * 3);
    const [r, g, b] = pixel(jpeg, 1, 1);
    expect(r === g && g === b).toBe(true);
    const bit = encode({
      width: 3,
      height: 1,
      channels: 1,
      depth: 1,
      data: Uint8Array.of(0b10100000),
    });
    expect([...(await decodeImage(bit, "x")).data]).toEqual([
      255, 255, 255, 0, 0, 0, 255, 255, 255,
    ]);
  });

  test("16-bit color is brought to 8", async () => {
    const data = Uint16Array.from(picture.data, (v) => v * 257);
    const bytes = encode({ width: 12, height: 8, channels: 3, depth: 16, data });
    expect(await decodeImage(bytes, "x")).toEqual(picture);
  });

  test("CMYK is converted to colors that look alike", async () => {
    const bytes = await raw().toColourspace("cmyk").jpeg({ quality: 98 }).toBuffer();
    expect((await sharp(bytes).metadata()).space).toBe("cmyk");
    const image = await decodeImage(bytes, "x");
    near(pixel(image, 2, 4), [200, 40, 90], 40);
  });

  test("transparency shows black, half of it half", async () => {
    const data = Uint8Array.of(200, 100, 50, 255, 200, 100, 50, 0, 200, 100, 50, 128);
    const bytes = encode({ width: 3, height: 1, channels: 4, data });
    const image = await decodeImage(bytes, "x");
    expect(pixel(image, 0, 0)).toEqual([200, 100, 50]);
    expect(pixel(image, 1, 0)).toEqual([0, 0, 0]);
    near(pixel(image, 2, 0), [100, 50, 25], 1);
  });

  test("EXIF orientation turns the image upright, in the header too", async () => {
    const path = join(folder, "turned.jpg");
    writeFileSync(
      path,
      await raw().withMetadata({ orientation: 6 }).jpeg({ quality: 98 }).toBuffer(),
    );
    const image = await readImage(path);
    expect([image.width, image.height]).toEqual([8, 12]);
    near(pixel(image, 4, 2), [200, 40, 90], 12); // left becomes top
    near(pixel(image, 4, 9), [20, 160, 240], 12);
    expect(await nodeCodec.header(path)).toEqual({
      width: 8,
      height: 12,
      format: "jpeg",
      turned: true,
    });
  });

  test.each([
    ["text.jpg", Buffer.from("hello, I am no image"), "not in a known image format"],
    ["empty.png", Buffer.alloc(0), "the file is empty"],
    [
      "drawing.png",
      Buffer.from('<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>'),
      "its format is svg",
    ],
  ])("%s is refused by name", async (name, bytes, message) => {
    const path = join(folder, name);
    writeFileSync(path, bytes);
    for (const reader of [readImage, nodeCodec.header]) {
      await expect(reader(path)).rejects.toThrow(UserError);
      await expect(reader(path)).rejects.toThrow(`${path}: `);
      await expect(reader(path)).rejects.toThrow(message);
    }
  });

  test("a picture that is cut off is refused, in the same words however many are decoded at the same time", async () => {
    for (const format of ["jpeg", "png", "webp", "gif"] as const) {
      const noise = Buffer.from(Array.from({ length: 64 * 64 * 3 }, (_, i) => (i * 7919) % 251));
      const whole = await sharp(noise, { raw: { width: 64, height: 64, channels: 3 } })
        .toFormat(format)
        .toBuffer();
      const half = whole.subarray(0, whole.length / 2);
      const tries = Array.from({ length: 20 }, () => decodeImage(half, `half.${format}`));
      for (const result of await Promise.allSettled(tries)) {
        const message = `half.${format}: not a readable image: it is damaged or cut short`;
        expect(result).toMatchObject({ status: "rejected", reason: { message } });
      }
    }
  });

  test("a file that is not there says so", async () => {
    const path = join(folder, "nowhere.jpg");
    await expect(readImage(path)).rejects.toThrow("no such file");
    await expect(nodeCodec.header(path)).rejects.toThrow("no such file");
    await expect(readImage(folder)).rejects.toThrow("is a folder");
  });
});

describe("masks", () => {
  test("come back as they were written, with VOC's colors", async () => {
    const path = join(folder, "deep", "mask.png");
    const labels = { width: 5, height: 3, data: Uint8Array.from({ length: 15 }, (_, i) => i * 17) };
    await writeMask(path, labels);
    expect(await readMask(path)).toEqual(labels);
    const shown = await readImage(path);
    expect(pixel(shown, 0, 0)).toEqual([0, 0, 0]);
    expect(pixel(shown, 4, 2)).toEqual(vocPalette[14 * 17]);
  });

  test("of 1, 2, 4 and 8 bits, palette or gray, give their indices at every width", () => {
    fc.assert(
      fc.property(
        fc.constantFrom(1, 2, 4, 8),
        fc.boolean(),
        fc.integer({ min: 1, max: 19 }),
        fc.integer({ min: 1, max: 4 }),
        (depth, colored, width, height) => {
          const perByte = 8 / depth;
          const values = Array.from(
            { length: width * height },
            (_, i) => (i * 13 + 1) % 2 ** depth,
          );
          const rowBytes = Math.ceil(width / perByte);
          const data = new Uint8Array(rowBytes * height);
          values.forEach((value, i) => {
            const x = i % width;
            data[Math.floor(i / width) * rowBytes + Math.floor(x / perByte)]! |=
              value << (8 - depth - (x % perByte) * depth);
          });
          const palette = Array.from({ length: 2 ** depth }, (_, i) => [i, 0, 255 - i]);
          const bytes = encode({
            ...{ width, height, data, channels: 1, depth: depth as 1 | 2 | 4 | 8 },
            ...(colored ? { palette } : {}),
          });
          expect([...decodeMask(bytes, "m").data]).toEqual(values);
        },
      ),
    );
  });

  test.each([8, 16])("of every filter are read as libvips reads them, %i bits", async (depth) => {
    const [width, height] = [23, 25];
    const step = depth / 8;
    const plain = encode({
      width,
      height,
      data: new Uint8Array(width * height),
      channels: 1,
      depth: 8,
    });
    const rows = Buffer.alloc(height * (width * step + 1));
    const stride = width * step + 1;
    // The high bytes of 16 bits stay 0.
    rows.forEach((_, i) => (rows[i] = (i % stride) % step === 0 ? (i * i * 7) % 256 : 0));
    for (let y = 0; y < height; y++) rows[y * stride] = y % 5;
    const header = Buffer.from(plain.subarray(16, 29));
    header[8] = depth;
    const chunk = (type: string, data: Uint8Array): Buffer => {
      const named = Buffer.concat([Buffer.from(type), data]);
      const ends = Buffer.alloc(8);
      ends.writeUInt32BE(data.length, 0);
      ends.writeUInt32BE(crc32(named), 4);
      return Buffer.concat([ends.subarray(0, 4), named, ends.subarray(4)]);
    };
    const parts = [
      chunk("IHDR", header),
      chunk("IDAT", deflateSync(rows)),
      chunk("IEND", Buffer.alloc(0)),
    ];
    const png = Buffer.concat([plain.subarray(0, 8), ...parts]);
    const expected = sharp(png).toColourspace(depth === 8 ? "b-w" : "grey16");
    const pixels = await expected.raw({ depth: depth === 8 ? "uchar" : "ushort" }).toBuffer();
    const values =
      depth === 8 ? pixels : new Uint16Array(pixels.buffer, pixels.byteOffset, width * height);
    expect([...decodeMask(png, "m").data]).toEqual([...values]);
  });

  test("that other programs packed are read too", async () => {
    // libvips makes a 4-bit palette and, asked to, interlaces.
    const three = await raw().png({ palette: true, colours: 4, dither: 0 }).toBuffer();
    const labels = decodeMask(three, "m");
    expect(new Set(labels.data).size).toBe(2);
    expect(labels.data[0]).not.toBe(labels.data[11]);
    const mask = { width: 13, height: 9, data: Uint8Array.from({ length: 117 }, (_, i) => i) };
    const interlaced = encode(
      { ...mask, channels: 1, palette: Array.from({ length: 256 }, () => [0, 0, 0]) },
      { interlace: "Adam7" },
    );
    expect(decodeMask(interlaced, "m")).toEqual(mask);
  });

  test("of 16 bits are read if their values fit", () => {
    const of = (...values: number[]) =>
      encode({ width: 2, height: 1, channels: 1, depth: 16, data: Uint16Array.from(values) });
    expect([...decodeMask(of(3, 255), "m").data]).toEqual([3, 255]);
    expect(() => decodeMask(of(3, 256), "m.png")).toThrow("m.png: mask has label 256");
  });

  test("in colors are refused", async () => {
    const color = await raw().png().toBuffer();
    expect(() => decodeMask(color, "a/m.png")).toThrow(
      /^a\/m\.png: mask is RGB, expected a palette or gray PNG/,
    );
    const jpeg = await raw().jpeg().toBuffer();
    expect(() => decodeMask(jpeg, "m.jpg")).toThrow("m.jpg: not a PNG");
  });

  test("with any byte changed or the end cut off never crash", () => {
    const good = encodeMask({
      width: 9,
      height: 7,
      data: Uint8Array.from({ length: 63 }, (_, i) => i % 5),
    });
    fc.assert(
      fc.property(fc.nat(good.length - 1), fc.nat(255), fc.boolean(), (at, value, cut) => {
        const bad = cut ? good.slice(0, at) : good.slice();
        if (!cut) bad[at] = value;
        try {
          const { width, height, data } = decodeMask(bad, "m.png");
          expect(data).toHaveLength(width * height);
        } catch (error) {
          expect(error).toBeInstanceOf(UserError);
        }
      }),
      { seed: 1, numRuns: 300 },
    );
  });

  test("that claim or unpack to gigabytes are refused quickly", () => {
    const huge = Buffer.from(encodeMask({ width: 4, height: 4, data: new Uint8Array(16) }));
    huge.writeUInt32BE(4_000_000_000, 16);
    expect(() => decodeMask(huge, "m.png")).toThrow("expected 1 to 200000000 pixels");
    const small = Buffer.from(encodeMask({ width: 4, height: 4, data: new Uint8Array(16) }));
    const bomb = deflateSync(Buffer.alloc(20_000_000));
    const length = Buffer.alloc(4);
    length.writeUInt32BE(bomb.length);
    const checksum = Buffer.alloc(4);
    checksum.writeUInt32BE(crc32(Buffer.concat([Buffer.from("IDAT"), bomb])));
    const idat = Buffer.concat([length, Buffer.from("IDAT"), bomb, checksum]);
    const at = small.indexOf("IDAT") - 4;
    const bytes = Buffer.concat([small.subarray(0, at), idat, small.subarray(small.length - 12)]);
    expect(() => decodeMask(bytes, "m.png")).toThrow(/m\.png: the PNG is damaged: .* larger than/);
  });
});

describe("writing", () => {
  test("images go to PNG without loss, to JPEG nearly", async () => {
    await writeImage(join(folder, "p.png"), picture);
    expect(await readImage(join(folder, "p.png"))).toEqual(picture);
    await writeImage(join(folder, "p.jpg"), picture, { quality: 98 });
    near(pixel(await readImage(join(folder, "p.jpg")), 2, 4), [200, 40, 90], 5);
    await expect(writeImage(join(folder, "p.bmp"), picture)).rejects.toThrow(
      "written as .png or .jpg",
    );
  });

  test("that fails leaves the old file and no temporary one", async () => {
    const path = join(folder, "atomic", "a.txt");
    await writeFileAtomic(path, "old");
    await writeFileAtomic(path, "new", { durable: false });
    expect(readFileSync(path, "utf8")).toBe("new");
    mkdirSync(join(folder, "atomic", "taken", "x"), { recursive: true });
    const blocked = writeFileAtomic(join(folder, "atomic", "taken"), "data");
    await expect(blocked).rejects.toThrow(UserError);
    await expect(blocked).rejects.toThrow("cannot be written");
    await expect(writeFileAtomic(join(path, "b.txt"), "data")).rejects.toThrow("cannot be written");
    expect(readdirSync(join(folder, "atomic")).sort()).toEqual(["a.txt", "taken"]);
  });
});
