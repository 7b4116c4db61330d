import { join } from "node:path";
import { encode } from "fast-png";
import { stringify } from "yaml";
import { writeFileAtomic } from "../../../host/node/files/atomic-file.ts";
import { copyImage } from "../image-copy.ts";
import type { MaskRecord, MaskWriter, WriterOptions } from "../writer.ts";
import { splitRemark } from "../yolo/write.ts";

/**
 * Ultralytics' layout for semantic segmentation: `images/`, gray PNGs of class ids in `masks/` under the
 * same names, `data.yaml`. Background is class 0 and the classes follow; 255 is ignored there too.
 */
export function ultralyticsWriter(options: WriterOptions): MaskWriter {
  const { folder, classes, claim } = options;
  return {
    async write(record: MaskRecord) {
      const { width, height, data } = record.labels;
      const path = join(folder, "masks", `${record.name}.png`);
      await claim(path);
      const png = encode({ width, height, data, channels: 1, depth: 8 });
      await writeFileAtomic(path, png, { durable: false });
      await copyImage(record, options);
      return path;
    },
    async finish() {
      const names = Object.fromEntries(["background", ...classes].entries());
      const path = join(folder, "data.yaml");
      await claim(path);
      const description = { train: "images", val: "images", masks_dir: "masks", names };
      await writeFileAtomic(path, splitRemark + stringify(description));
    },
    discard: () => Promise.resolve(),
  };
}
