import { join } from "node:path";
import type { Description } from "./description.ts";
import { listFolder, listImages, stem } from "./files.ts";
import type { Entry, Listing, Problem } from "./listing.ts";
import { applySplits, describeFolder, findMasks } from "./plain.ts";

const splitNames: ReadonlyMap<string, string> = new Map([
  ["train", "train"],
  ["training", "train"],
  ["val", "val"],
  ["valid", "val"],
  ["validation", "val"],
  ["test", "test"],
]);

/**
 * A folder for each class with its images, a tag per image; or the folders train, val, test with such
 * folders in them. Undefined if that is not what is there.
 */
export async function listClassFolders(
  root: string,
  description: Description,
): Promise<Listing | undefined> {
  const masksFolder = description.masks ?? "masks";
  const folders = (await listFolder(root)).folders.filter((name) => name !== masksFolder);
  const splits = folders.filter((name) => splitNames.has(name.toLowerCase()));
  const classes = new Set<string>();
  const entries: Entry[] = [];
  const problems: Problem[] = [];
  const masks = await findMasks(root, description);

  const addFolders = async (
    prefix: string,
    names: readonly string[],
    split?: string,
  ): Promise<void> => {
    for (const name of names) {
      const tag = name.normalize("NFC").trim();
      const folder = `${prefix}${name}`;
      const images = await listImages(join(root, folder));
      if (images.length === 0) {
        const inside = await describeFolder(join(root, folder));
        const empty = inside === "nothing";
        problems.push({
          severity: empty ? "error" : "warning",
          file: join(root, folder),
          message: empty
            ? `the folder is empty, so there are no images for a class "${tag}"; fill it or delete it`
            : `has no images, so it is not taken for a class; it holds ${inside}`,
        });
        continue;
      }
      classes.add(tag);
      for (const image of images) {
        const file = `${folder}/${image}`;
        const path = join(root, file);
        const mask = masks.get(stem(file));
        entries.push({
          ...{ file, path, tags: [tag], origin: { file: path } },
          ...(split === undefined ? {} : { split }),
          ...(mask === undefined ? {} : { mask }),
        });
      }
    }
  };

  if (splits.length > 0 && splits.length === folders.length) {
    for (const name of splits) {
      const inside = (await listFolder(join(root, name))).folders;
      await addFolders(`${name}/`, inside, splitNames.get(name.toLowerCase()));
    }
  } else {
    await addFolders("", folders);
  }
  if (entries.length === 0) return undefined;
  return {
    format: "class folders",
    entries: applySplits(entries, description, problems),
    problems,
    classes: description.classes ?? { names: [...classes].sort(), file: root },
  };
}
