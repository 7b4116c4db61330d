import type { ImageCodec } from "../../../host/codec.ts";
import { join } from "../../text/path.ts";
import type { MaskRecord, MaskWriter, WriterOptions } from "../writer.ts";

/** The mask of an image in the folder of the format. */
export function paletteMask(name: string): string {
  return `masks/${name}.png`;
}

/** VOC palette PNGs, `masks/<name>.png`: the palette index is the label, 255 is ignored. */
export function paletteWriter(codec: ImageCodec, { folder, files }: WriterOptions): MaskWriter {
  const pathOf = (name: string): string => join(folder, paletteMask(name));
  return {
    async write({ name, labels, kept }: MaskRecord) {
      const path = pathOf(name);
      if (kept !== true)
        await files.write(path, await codec.encodeLabels(labels), { durable: false });
      return path;
    },
    keep: ({ name }) => Promise.resolve(pathOf(name)),
    finish: () => Promise.resolve(),
    discard: () => Promise.resolve(),
  };
}
