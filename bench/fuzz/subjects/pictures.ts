import sharp, { type Sharp } from "sharp";
import { encode } from "fast-png";
import { nodeHost } from "../../../src/host/node/host.ts";
import { encodeMask } from "../../../src/host/node/images/index-png.ts";
import { mustHold, type Subject } from "../subject.ts";

const [width, height] = [21, 15];

/** Images and masks, decoded in memory. */
export async function pictureSubjects(): Promise<Subject[]> {
  const pixels = Uint8Array.from({ length: 3 * width * height }, (_, i) => (i * 7) % 256);
  const labels = Uint8Array.from({ length: width * height }, (_, i) => i % 7);
  const picture = (): Sharp => sharp(pixels, { raw: { width, height, channels: 3 } });
  const masks = [
    encodeMask({ width, height, data: labels }),
    encode({ width, height, data: labels, channels: 1, depth: 8 }),
    encode({ width, height, data: Uint16Array.from(labels), channels: 1, depth: 16 }),
    await sharp(labels, { raw: { width, height, channels: 1 } }).png({ palette: true, bitdepth: 4 } as never).toBuffer(), // prettier-ignore
  ];
  const turned = picture().withMetadata({ orientation: 6 });
  return [
    {
      ...{ name: "mask png", kind: "png", seeds: masks.slice(0, 3) },
      read: async (bytes) => {
        const map = await nodeHost.codec.decodeLabels({ bytes, name: "mask.png" });
        mustHold(map.data.length === map.width * map.height, `${map.width}x${map.height}`);
      },
    },
    { name: "png", kind: "png", seeds: [await picture().png().toBuffer(), ...masks], read },
    {
      ...{ name: "jpeg", kind: "bytes", read },
      seeds: [
        await picture().jpeg().toBuffer(),
        await turned.jpeg({ progressive: true }).toBuffer(),
      ],
    },
    {
      ...{ name: "webp, gif, tiff", kind: "bytes", read },
      seeds: [await picture().webp().toBuffer(), await picture().gif().toBuffer(), await picture().tiff().toBuffer()], // prettier-ignore
    },
  ];
}

/** Reads the header and then the pixels. */
async function read(bytes: Uint8Array): Promise<void> {
  const source = { bytes, name: "image" };
  const header = await nodeHost.codec.header(source);
  mustHold(header.width > 0 && header.height > 0, `${header.width}x${header.height}`);
  const image = await nodeHost.codec.decode(source);
  const what = `${image.width}x${image.height}, ${image.data.length} bytes`;
  mustHold(image.data.length === 3 * image.width * image.height, what);
}
