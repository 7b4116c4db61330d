import type { FileHost } from "../../../host/host.ts";
import { excerpt } from "../../../user-error.ts";
import { checkMaskSize } from "../../../method/data/known-mask.ts";
import { ignoreIndex } from "../../../method/images/image.ts";
import { chooseClasses } from "../chosen-classes.ts";
import { CocoInstances } from "./instances.ts";
import { matchByEnd } from "../../text/match-by-end.ts";
import { basename, stem } from "../../text/path.ts";
import { uploadedName } from "../image-files.ts";
import { paintObjects } from "../paint-objects.ts";
import { checkSize } from "../drawing-limits.ts";
import { unannotatedMask } from "../unannotated.ts";
import type { MaskEntry, MaskSource, SourceOptions } from "../source.ts";

/** Masks of COCO instances: compressed and plain run lengths, polygons; crowds become ignored pixels. */
export async function cocoSource(
  { store, codec }: FileHost,
  path: string,
  options: SourceOptions,
): Promise<MaskSource> {
  const instances = await CocoInstances.read(store, path);
  const chosen = chooseClasses(instances.classes, options, path)!;
  const { classes } = chosen;
  if (instances.strays > 0) options.losses.add("annotations of an image that is not listed", path);
  for (const note of instances.notes) options.tell?.(`${path}: ${note}`);
  const labels = new Map(
    instances.categories.map(
      ({ id, label }) => [id, label === ignoreIndex ? label : chosen.labels[label]!] as const,
    ),
  );
  const fileNames = instances.images.map(({ file }) => file.normalize("NFC"));
  const { images: known } = options;
  const files = matchByEnd(
    fileNames,
    (name) => known.get(name, stem(name)),
    (name) => known.inside(name) ?? known.get(uploadedName(name)),
  );
  const entries = instances.images.map((image, i): MaskEntry => {
    const file = files[i];
    const before = uploadedName(fileNames[i]!);
    const isUpload = file !== undefined && basename(file).normalize("NFC") === before;
    const fileName = isUpload ? before : fileNames[i]!;
    const name = stem(fileName);
    const where = `${path}: ${excerpt(fileName)}`;
    return {
      name,
      fileName,
      where,
      ...(file !== undefined && { image: file }),
      read: async () => {
        checkSize(image.width, image.height, where);
        if (file !== undefined) checkMaskSize(image, where, await codec.header(file), file);
        instances.requireKnown(image, where);
        if (!instances.isOwn && !instances.categoriesOf(image)) {
          const mask = unannotatedMask(image, name, where, options);
          if (mask) return mask;
        }
        const { objects, crowds, work } = await instances.readObjects(image, labels, where);
        options.losses.read(name, objects.length);
        if (crowds > 0 && !instances.isOwn) {
          options.losses.add("crowds (iscrowd 1): their pixels are ignored (255)", name);
        }
        return paintObjects(objects, image, name, { ...options, work });
      },
    };
  });
  return { format: "coco", classes, entries, close: () => Promise.resolve() };
}
