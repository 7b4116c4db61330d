import { folderZip } from "../../../browser/blobs.ts";
import { MaskFolder } from "../../../files/formats/mask-folder.ts";
import { stem } from "../../../files/text/path.ts";
import type { ExportMasksInput, NamedFile } from "../protocol.ts";
import { largeSide, sourceOf } from "./blobs.ts";
import { host } from "./host.ts";

let exportCount = 0;

/** Masks in formats of other programs, as a zip. */
export async function exportMasks({
  classes,
  masks,
  formats,
  overlays,
}: ExportMasksInput): Promise<NamedFile> {
  const folder = `/memory/masks-${exportCount++}`;
  const { codec, store } = host;
  // Some formats hold the photographs too; several may have the same name.
  const files = masks.map(({ photo }, index) => [`${index}/${photo.name}`, photo] as const);
  const photos = host.addFolder("photographs", new Map(files));
  try {
    const out = await MaskFolder.create(host, folder, classes, { format: formats, overlays });
    for (const [index, { photo, labels, confidence }] of masks.entries()) {
      const map = await codec.decodeLabels(await sourceOf(labels, photo.name));
      const image = overlays ? await codec.decode(await sourceOf(photo), { largeSide }) : undefined;
      const source = `${photos}/${files[index]![0]}`;
      const origin = { source, confidence, index };
      await out.write(stem(photo.name), map, image, origin);
    }
    await out.finish();
    return { name: "masks.zip", blob: await folderZip(host, folder) };
  } finally {
    host.removeFolder(photos);
    await store.remove(folder);
  }
}
