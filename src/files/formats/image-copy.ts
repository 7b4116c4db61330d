import { extname, join } from "../text/path.ts";
import { unknownFile } from "./lost-details.ts";
import type { MaskRecord, WriterOptions } from "./writer.ts";

/** Copies an image into `images/`, under the name of its mask. */
export async function copyImage(
  { name, source, kept }: MaskRecord,
  { folder, files, losses }: WriterOptions,
): Promise<void> {
  if (source === undefined) {
    losses.add(unknownFile.copy, name);
    return;
  }
  if (kept === true) return;
  await files.copy(source, join(folder, "images", `${name}${extname(source).toLowerCase()}`));
}
