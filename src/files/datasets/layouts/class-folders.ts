import type { Description } from "./description.ts";
import { ImageList } from "../listing/image-list.ts";
import type { Store } from "../../../host/store.ts";
import { listImages } from "../../text/folders.ts";
import { join, stem } from "../../text/path.ts";
import type { Listing, Problem } from "../listing/listing.ts";
import { classesOfMasks } from "./mask-classes.ts";
import { NamedSplits } from "./named-splits.ts";
import { describeFolder, findMasks, notImages } from "./plain.ts";

const splitNames: ReadonlyMap<string, string> = new Map([
  ["train", "train"],
  ["training", "train"],
  ["val", "val"],
  ["valid", "val"],
  ["validation", "val"],
  ["test", "test"],
]);

/**
 * Lists a folder with a subfolder of images for each class, which gives every image one tag. The class folders may also
 * lie in the folders train, val and test. Undefined if the data set has another layout.
 */
export async function listClassFolders(
  store: Store,
  root: string,
  description: Description,
): Promise<Listing | undefined> {
  const masksFolder = description.masks ?? "masks";
  const folders = (await store.list(root)).folders.filter((name) => name !== masksFolder);
  const splits = folders.filter((name) => splitNames.has(name.toLowerCase()));
  const classes = new Set<string>();
  const list = new ImageList();
  const problems: Problem[] = [];
  const masks = await findMasks(store, root, description);
  const maskClasses =
    masks.size === 0 ? undefined : await classesOfMasks(store, join(root, masksFolder), problems);
  const namedSplits = new NamedSplits(description, problems);

  const addFolders = async (
    prefix: string,
    names: readonly string[],
    split?: string,
  ): Promise<void> => {
    for (const name of names) {
      const tag = name.normalize("NFC").trim();
      const folder = `${prefix}${name}`;
      const others: string[] = [];
      const images = await listImages(store, join(root, folder), { others });
      if (images.length === 0) {
        const content = await describeFolder(store, join(root, folder));
        const empty = content === "nothing";
        problems.push({
          severity: empty ? "error" : "warning",
          file: join(root, folder),
          message: empty
            ? `the folder is empty, so the class "${tag}" has no images; add some or delete the folder`
            : `has no images, so it is not used as a class; it holds ${content}`,
        });
        continue;
      }
      classes.add(tag);
      if (others.length > 0) {
        problems.push({
          severity: "warning",
          file: join(root, folder),
          message: notImages(others),
        });
      }
      const tags = [tag];
      for (const image of images) {
        const place = [folder, image].join("/");
        list.push({
          file: place,
          folder: root,
          place,
          tags,
          untagged: false,
          split: namedSplits.splitOf(place, split),
          mask: masks.size === 0 ? undefined : masks.get(stem(place).normalize("NFC")),
        });
      }
    }
  };

  if (splits.length > 0 && splits.length === folders.length) {
    for (const name of splits) {
      const classFolders = (await store.list(join(root, name))).folders;
      await addFolders(`${name}/`, classFolders, splitNames.get(name.toLowerCase()));
    }
  } else {
    await addFolders("", folders);
  }
  if (list.length === 0) return undefined;
  namedSplits.warnOfUnknown(problems);
  return {
    format: "class folders",
    images: list,
    distinct: true,
    problems,
    ...(maskClasses && { maskClasses }),
    classes: description.classes ?? { names: [...classes].sort(), file: root },
  };
}
