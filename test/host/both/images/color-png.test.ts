import { deflateSync } from "node:zlib";
import { encode } from "fast-png";
import fc from "fast-check";
import sharp from "sharp";
import { describe, expect, test } from "vitest";
import { decodeColorPng } from "../../../../src/host/both/images/color-png.ts";
import { chunk, joined, signature } from "../../../../src/host/both/images/png-chunks.ts";
import { layoutOf } from "../../../../src/host/both/images/png-rows.ts";
import type { Zlib } from "../../../../src/host/both/images/zlib.ts";
import { decodeImage } from "../../../../src/host/node/images/codec.ts";
import { nodeZlib } from "../../../../src/host/node/images/zlib.ts";
import { webZlib } from "../../../../src/host/web/images/zlib.ts";
import { UserError } from "../../../../src/user-error.ts";

interface Kind {
  readonly colorType: number;
  readonly depth: number;
  readonly palette?: Uint8Array;
  readonly transparency?: Uint8Array;
}

/** A PNG of random bytes, with every filter. */
function png({ colorType, depth, palette, transparency }: Kind, [width, height]: number[]) {
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width!, 0);
  header.writeUInt32BE(height!, 4);
  header.set([depth, colorType], 8);
  const size = { width: width!, height: height! };
  const { rowBytes } = layoutOf({ ...size, depth, colorType, isInterlaced: false });
  const rows = Buffer.alloc(height! * (rowBytes + 1));
  let state = width! * 31 + height!;
  for (let i = 0; i < rows.length; i++) {
    state = (Math.imul(state, 1103515245) + 12345) & 0x7fffffff;
    rows[i] = i % (rowBytes + 1) === 0 ? ((i / (rowBytes + 1)) | 0) % 5 : state >> 16;
  }
  const parts = [
    ["IHDR", header],
    ...(palette ? ([["PLTE", palette]] as const) : []),
    ...(transparency ? ([["tRNS", transparency]] as const) : []),
    ["IDAT", deflateSync(rows)],
    ["IEND", Buffer.alloc(0)],
  ] as const;
  return joined([signature, ...parts.map(([type, data]) => chunk(type, data, nodeZlib))]);
}

const random = (length: number) => Uint8Array.from({ length }, (_, i) => (i * 7919 + 13) % 256);
const kinds: Record<string, Kind> = {
  "gray of 1 bit": { colorType: 0, depth: 1 },
  "gray of 2 bits": { colorType: 0, depth: 2 },
  "gray of 4 bits": { colorType: 0, depth: 4 },
  "gray of 8 bits": { colorType: 0, depth: 8 },
  "gray of 16 bits": { colorType: 0, depth: 16 },
  "gray of 2 bits, one of them clear": {
    colorType: 0,
    depth: 2,
    transparency: Uint8Array.of(0, 2),
  },
  "gray of 8 bits, one of them clear": {
    colorType: 0,
    depth: 8,
    transparency: Uint8Array.of(0, 77),
  },
  RGB: { colorType: 2, depth: 8 },
  "RGB, one color clear": {
    colorType: 2,
    depth: 8,
    transparency: Uint8Array.of(0, 1, 0, 2, 0, 3),
  },
  "RGB of 16 bits": { colorType: 2, depth: 16 },
  "palette of 1 bit": { colorType: 3, depth: 1, palette: random(6) },
  "palette of 4 bits": { colorType: 3, depth: 4, palette: random(48) },
  "palette of 8 bits": { colorType: 3, depth: 8, palette: random(768) },
  "palette with transparency": {
    colorType: 3,
    depth: 8,
    palette: random(768),
    transparency: random(100),
  },
  "gray with alpha": { colorType: 4, depth: 8 },
  "gray with alpha of 16 bits": { colorType: 4, depth: 16 },
  "RGB with alpha": { colorType: 6, depth: 8 },
  "RGB with alpha of 16 bits": { colorType: 6, depth: 16 },
};
const hosts: Record<string, Zlib> = { "zlib of Node": nodeZlib, "zlib of a page": webZlib };

describe.each(Object.entries(hosts))("with %s", (_, zlib) => {
  test.each(Object.entries(kinds))("%s has the pixels that libvips sees", async (_name, kind) => {
    for (const size of [
      [1, 1],
      [13, 11],
      [64, 48],
    ]) {
      const bytes = png(kind, size);
      expect(decodeColorPng(bytes, "x", zlib)).toEqual(await decodeImage(bytes, "x"));
    }
  });

  test.each([8, 16] as const)("interlaced ones of %i bits too", async (depth) => {
    const [width, height] = [21, 17];
    const values = random(width * height * 4);
    const data = depth === 8 ? values : Uint16Array.from(values, (value) => value * 131);
    const bytes = encode({ width, height, channels: 4, depth, data }, { interlace: "Adam7" });
    expect(decodeColorPng(bytes, "x", zlib)).toEqual(await decodeImage(bytes, "x"));
  });
});

test.each([1, 2, 3, 4, 5, 6, 7, 8])("Exif orientation %i is applied as by libvips", async (to) => {
  const data = random(5 * 3 * 3);
  const raw = { width: 5, height: 3, channels: 3 } as const;
  const bytes = await sharp(data, { raw }).withMetadata({ orientation: to }).png().toBuffer();
  expect(decodeColorPng(bytes, "x", nodeZlib)).toEqual(await decodeImage(bytes, "x"));
});

test("any byte changed or the end cut off is an error of the user's or an image, never a crash", () => {
  const good = png(kinds["RGB with alpha"]!, [9, 7]);
  const change = fc.tuple(fc.nat(good.length - 1), fc.nat(255), fc.boolean());
  fc.assert(
    fc.property(change, fc.constantFrom(nodeZlib, webZlib), ([at, value, cut], zlib) => {
      const bad = cut ? good.slice(0, at) : good.slice();
      if (!cut) bad[at] = value;
      try {
        const { width, height, data } = decodeColorPng(bad, "a.png", zlib);
        expect(data).toHaveLength(3 * width * height);
      } catch (error) {
        expect(error).toBeInstanceOf(UserError);
      }
    }),
    { seed: 1, numRuns: 400 },
  );
});

test("a file that unpacks to more than its size is refused", () => {
  const { buffer } = png(kinds["RGB"]!, [4, 4]);
  const bytes = new Uint8Array(buffer);
  const bomb = chunk("IDAT", deflateSync(Buffer.alloc(1_000_000)), nodeZlib);
  const bad = joined([bytes.subarray(0, 33), bomb, chunk("IEND", new Uint8Array(0), nodeZlib)]);
  for (const zlib of [nodeZlib, webZlib]) {
    expect(() => decodeColorPng(bad, "a.png", zlib)).toThrow(
      /a\.png: the PNG is damaged: .*larger than 52 bytes/,
    );
  }
});

test("labels that a page packs are those that Node unpacks, and the other way round", async () => {
  const { encodeIndexPng, encodeIndexPngInStrips, decodeIndexPng } =
    await import("../../../../src/host/both/images/index-png.ts");
  const labels = { width: 50, height: 40, data: random(2000).map((v) => v >> 5) };
  expect(decodeIndexPng(encodeIndexPng(labels, webZlib), "m", nodeZlib)).toEqual(labels);
  expect(decodeIndexPng(encodeIndexPng(labels, nodeZlib), "m", webZlib)).toEqual(labels);
  const strips = [labels.data.subarray(0, 700), labels.data.subarray(700)];
  const packed = await webZlib.deflatePieces(strips);
  expect(nodeZlib.inflate(packed, 2000)).toEqual(labels.data);
  expect(await encodeIndexPngInStrips(labels, webZlib)).toEqual(encodeIndexPng(labels, webZlib));
});
