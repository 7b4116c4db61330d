import type { ImageCodec } from "../../../host/codec.ts";
import { join } from "../../text/path.ts";
import { unknownFile } from "../lost-details.ts";
import type { MaskRecord, MaskWriter, WriterOptions } from "../writer.ts";

/** Quality of a JPEG that is made of an image in another format. */
const quality = 95;

/** The lists of VOC 2012 for segmentation. All have every image, since the masks come without splits. */
export const voc2012Lists = ["train", "val", "trainval"].map(
  (list) => `ImageSets/Segmentation/${list}.txt`,
);

/** The mask of an image in the folder of the format. */
export function voc2012Mask(name: string): string {
  return `SegmentationClass/${name}.png`;
}

/**
 * The tree of VOC 2012: `SegmentationClass/<name>.png` with VOC's palette, `JPEGImages/<name>.jpg`, which is all that VOC's
 * readers open, and lists of the names in `ImageSets/Segmentation/`.
 */
export function voc2012Writer(
  codec: ImageCodec,
  { folder, files, losses }: WriterOptions,
): MaskWriter {
  const names: string[] = [];
  const pathOf = (name: string): string => join(folder, voc2012Mask(name));
  const writeJpeg = async (name: string, source: string, kept = false): Promise<void> => {
    const path = join(folder, "JPEGImages", `${name}.jpg`);
    const { format, turned = false } = await codec.header(source);
    // The masks are upright, and readers of VOC do not look at EXIF.
    if (format === "jpeg" && !turned) return kept ? undefined : files.copy(source, path);
    losses.add(
      "JPEGImages/ holds a JPEG made of the image, as readers of VOC open no others",
      name,
    );
    if (kept) return;
    const jpeg = await codec.encode(await codec.decode(source), "jpeg", { quality });
    await files.write(path, jpeg, { durable: false });
  };
  return {
    async write({ name, labels, source, kept }: MaskRecord) {
      const path = pathOf(name);
      if (kept !== true) {
        await files.write(path, await codec.encodeLabels(labels), { durable: false });
      }
      if (source === undefined) {
        losses.add(unknownFile.voc, name);
      } else {
        await writeJpeg(name, source, kept);
      }
      names.push(name);
      return path;
    },
    keep({ name }) {
      names.push(name);
      return Promise.resolve(pathOf(name));
    },
    async finish() {
      const text = names.map((name) => `${name}\n`).join("");
      for (const list of voc2012Lists) await files.write(join(folder, list), text);
    },
    discard: () => Promise.resolve(),
  };
}
