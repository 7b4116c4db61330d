import type { Store } from "../../../host/store.ts";
import { isImageName } from "../../../method/images/image-name.ts";
import { join, stem } from "../../text/path.ts";
import { mapAtOnce } from "../map-at-once.ts";
import { ImageList } from "../listing/image-list.ts";
import type { Listing, Problem } from "../listing/listing.ts";
import { leftOut, tagsFromXml } from "../tags/sources.ts";
import type { Description } from "./description.ts";

/** Folders of splits, as Roboflow and others name them; the folder itself has none. */
const splits: readonly (readonly [folder: string, split: string | undefined])[] = [
  [".", undefined],
  ["train", "train"],
  ["valid", "val"],
  ["val", "val"],
  ["validation", "val"],
  ["test", "test"],
];

/** The number of annotations that are read at the same time. */
const readsAtOnce = 16;

/**
 * Lists images with a VOC annotation (`.xml`) beside each, in the folder itself or in those of splits: Roboflow's "Pascal VOC"
 * and labelImg's files. Undefined if there is no such file.
 */
export async function listVocBeside(
  store: Store,
  root: string,
  description: Description,
): Promise<Listing | undefined> {
  const list = new ImageList();
  const problems: Problem[] = [];
  const { folders: existing } = await store.list(root);
  let annotations = 0;
  for (const [folder, split] of splits) {
    if (folder !== "." && !existing.includes(folder)) continue;
    const { files } = await store.list(join(root, folder));
    const xml = new Map(
      files.filter((file) => /\.xml$/i.test(file)).map((file) => [stem(file), file]),
    );
    const images = files.filter(isImageName);
    if (xml.size === 0 || !images.some((image) => xml.has(stem(image)))) continue;
    annotations += xml.size;
    const answers = await mapAtOnce(images, readsAtOnce, async (image) => {
      const file = xml.get(stem(image));
      const path = join(root, folder, image);
      return file === undefined
        ? leftOut({ file: path }, "has no annotation (.xml) beside it; left out")
        : tagsFromXml(store, join(root, folder, file), image);
    });
    answers.forEach((answer, i) => {
      if ("message" in answer) return problems.push(answer);
      const place = join(folder, images[i]!);
      return list.push({
        ...{ file: place, folder: root, place, tags: answer, untagged: false, split },
        from: join(root, folder, xml.get(stem(images[i]!))!),
      });
    });
    const stems = new Set(images.map(stem));
    for (const [name, file] of xml) {
      if (stems.has(name)) continue;
      problems.push(
        leftOut({ file: join(root, folder, file) }, "has no image beside it; left out"),
      );
    }
  }
  if (annotations === 0) return undefined;
  return {
    format: "voc",
    images: list,
    distinct: true,
    problems,
    ...(description.classes && { classes: description.classes }),
  };
}
