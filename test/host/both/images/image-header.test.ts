import sharp, { type Sharp } from "sharp";
import { describe, expect, test } from "vitest";
import { readImageHeader } from "../../../../src/host/both/images/image-header.ts";
import { bytesSource } from "../../../../src/host/byte-source.ts";
import { nodeCodec } from "../../../../src/host/node/images/codec.ts";

const noise = Uint8Array.from({ length: 37 * 23 * 3 }, (_, i) => (i * 7919) % 251);
const raw = (): Sharp => sharp(noise, { raw: { width: 37, height: 23, channels: 3 } });
const pictures: Record<string, () => Sharp> = {
  JPEG: () => raw().jpeg(),
  "progressive JPEG": () => raw().jpeg({ progressive: true }),
  "JPEG with a profile": () => raw().withIccProfile("p3").jpeg(),
  "turned JPEG": () => raw().withMetadata({ orientation: 6 }).jpeg(),
  "mirrored JPEG": () => raw().withMetadata({ orientation: 2 }).jpeg(),
  PNG: () => raw().png(),
  "turned PNG": () => raw().withMetadata({ orientation: 8 }).png(),
  GIF: () => raw().gif(),
  WebP: () => raw().webp(),
  "lossless WebP": () => raw().webp({ lossless: true }),
  "WebP with transparency": () => raw().ensureAlpha(0.5).webp(),
};

describe("by its first bytes", () => {
  test.each(Object.entries(pictures))("%s has the header that sharp sees", async (_, make) => {
    const bytes = new Uint8Array(await make().toBuffer());
    const expected = await nodeCodec.header({ bytes, name: "x" });
    expect(await readImageHeader(bytesSource(bytes))).toEqual(expected);
  });

  test("other formats, and files whose orientation stands at their end, have none", async () => {
    for (const picture of [raw().tiff(), raw().withMetadata({ orientation: 6 }).webp()]) {
      const bytes = new Uint8Array(await picture.toBuffer());
      expect(await readImageHeader(bytesSource(bytes))).toBeUndefined();
    }
    expect(await readImageHeader(bytesSource(Uint8Array.of(1, 2)))).toBeUndefined();
  });

  test("a JPEG that ends before its size is refused, wherever that is", async () => {
    const bytes = new Uint8Array(await pictures["turned JPEG"]!().toBuffer());
    const frame = bytes.findIndex((byte, i) => byte === 0xff && bytes[i + 1] === 0xc0);
    expect(frame).toBeGreaterThan(100);
    for (let end = 2; end < frame + 9; end++) {
      const cut = readImageHeader(bytesSource(bytes.subarray(0, end)));
      await expect(cut).rejects.toThrow("cut short");
    }
  });
});
