import { encode } from "fast-png";
import { join } from "../../text/path.ts";
import { copyImage } from "../image-copy.ts";
import type { MaskRecord, MaskWriter, WriterOptions } from "../writer.ts";
import { dataYaml } from "../yolo/write.ts";

/**
 * Ultralytics' layout for semantic segmentation: `images/`, gray PNGs of class ids in `masks/` under the same names,
 * `data.yaml`. Background is class 0, the classes follow, and 255 is ignored there too.
 */
export function ultralyticsWriter(options: WriterOptions): MaskWriter {
  const { folder, classes, files } = options;
  const pathOf = (name: string): string => join(folder, "masks", `${name}.png`);
  return {
    async write(record: MaskRecord) {
      const { width, height, data } = record.labels;
      const path = pathOf(record.name);
      if (record.kept !== true) {
        const png = encode({ width, height, data, channels: 1, depth: 8 });
        await files.write(path, png, { durable: false });
      }
      await copyImage(record, options);
      return path;
    },
    keep: ({ name }) => Promise.resolve(pathOf(name)),
    async finish() {
      const description = dataYaml(["background", ...classes], { masks_dir: "masks" });
      await files.write(join(folder, "data.yaml"), description);
    },
    discard: () => Promise.resolve(),
  };
}
