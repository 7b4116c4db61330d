import { encode } from "fast-png";
import { join } from "../../text/path.ts";
import { copyImage } from "../image-copy.ts";
import type { MaskRecord, MaskWriter, WriterOptions } from "../writer.ts";
import { dataFile, dataYaml } from "../yolo/write.ts";

/** The mask of an image in the folder of the format. */
export function grayMask(name: string): string {
  return `masks/${name}.png`;
}

/** The text of `data.yaml`. */
export function semanticDataYaml(classes: readonly string[]): Promise<string> {
  return dataYaml(["background", ...classes], { masks_dir: "masks" });
}

/**
 * Ultralytics' layout for semantic segmentation: `images/`, gray PNGs of class ids in `masks/` under the same names,
 * `data.yaml`. Background is class 0, the classes follow, and 255 is ignored there too.
 */
export function ultralyticsWriter(options: WriterOptions): MaskWriter {
  const { folder, classes, files } = options;
  const pathOf = (name: string): string => join(folder, grayMask(name));
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
      await files.write(join(folder, dataFile), await semanticDataYaml(classes));
    },
    discard: () => Promise.resolve(),
  };
}
