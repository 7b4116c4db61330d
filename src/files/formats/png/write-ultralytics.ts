import { encode } from "fast-png";
import { stringify } from "yaml";
import { join } from "../../text/path.ts";
import { copyImage } from "../image-copy.ts";
import type { MaskRecord, MaskWriter, WriterOptions } from "../writer.ts";
import { splitRemark } from "../yolo/write.ts";

/**
 * Ultralytics' layout for semantic segmentation: `images/`, gray PNGs of class ids in `masks/` under the same names,
 * `data.yaml`. Background is class 0, the classes follow, and 255 is ignored there too.
 */
export function ultralyticsWriter(options: WriterOptions): MaskWriter {
  const { folder, classes, files } = options;
  return {
    async write(record: MaskRecord) {
      const { width, height, data } = record.labels;
      const path = join(folder, "masks", `${record.name}.png`);
      if (record.kept !== true) {
        const png = encode({ width, height, data, channels: 1, depth: 8 });
        await files.write(path, png, { durable: false });
      }
      await copyImage(record, options);
      return path;
    },
    async finish() {
      const names = Object.fromEntries(["background", ...classes].entries());
      const description = { train: "images", val: "images", masks_dir: "masks", names };
      await files.write(join(folder, "data.yaml"), splitRemark + stringify(description));
    },
    discard: () => Promise.resolve(),
  };
}
