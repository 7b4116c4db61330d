import { join } from "node:path";
import { writeMask } from "../../../host/node/images/images.ts";
import type { MaskRecord, MaskWriter, WriterOptions } from "../writer.ts";

/** VOC palette PNGs, `masks/<name>.png`: the palette index is the label, 255 is ignore. */
export function paletteWriter({ folder, claim }: WriterOptions): MaskWriter {
  return {
    async write({ name, labels }: MaskRecord) {
      const path = join(folder, "masks", `${name}.png`);
      await claim(path);
      await writeMask(path, labels, { durable: false });
      return path;
    },
    finish: () => Promise.resolve(),
    discard: () => Promise.resolve(),
  };
}
