import type { Store } from "../../../host/store.ts";
import { basename, dirname, join, stem } from "../../text/path.ts";
import { ImageFiles, uploadedName } from "../image-files.ts";

/** Deepest level of subfolders that is read (links may lead in circles). */
const maxDepth = 8;

/** A label file and its image. */
export interface LabelFile {
  /** Path of the label file from `labels/` without ending, with the split before it. */
  readonly id: string;
  /** Name of its mask: the id, or that of the image where this lies without the folders of its label file. */
  readonly name: string;
  /** Path of the label file. */
  readonly where: string;
  readonly image: string | undefined;
}

/** Folders of the label files: `labels/`, or `<split>/labels/` for each split. */
export async function labelFolders(store: Store, root: string): Promise<readonly string[]> {
  const isFolder = async (path: string): Promise<boolean> =>
    (await store.stat(join(root, path)))?.kind === "folder";
  if (await isFolder("labels")) return ["labels"];
  const { folders } = await store.list(root);
  const labels: string[] = [];
  for (const name of folders) {
    if (await isFolder(join(name, "labels"))) labels.push(join(name, "labels"));
  }
  return labels;
}

/** The label files of a data set, with their images where these are found, and the images that have none. */
export async function listLabels(
  store: Store,
  root: string,
  images: ImageFiles,
): Promise<{ readonly labels: LabelFile[]; readonly unlabeled: string[] }> {
  const known = [images];
  const labels: (LabelFile & { readonly bare: string | undefined; readonly plain: string })[] = [];
  for (const folder of await labelFolders(store, root)) {
    // The images of <split>/labels are in <split>/images.
    const split = dirname(folder) === "." ? "" : dirname(folder);
    const own = split === "" ? undefined : await ImageFiles.find(store, undefined, join(root, split)); // prettier-ignore
    if (own) known.push(own);
    for (const file of await listTexts(store, join(root, folder))) {
      const id = join(split, stem(file));
      const exact = images.get(id, stem(file)) ?? own?.get(stem(file));
      const base = basename(stem(file));
      const before = uploadedName(base) ?? base;
      const flat = exact === undefined ? images.get(base) : undefined;
      const bare = flat ?? (exact === undefined ? images.get(before) : undefined);
      const where = join(root, folder, file);
      const plain = flat === undefined ? before : base;
      labels.push({ id, name: id, where, image: exact ?? bare, bare, plain });
    }
  }
  const uses = new Map<string, number>();
  for (const { plain } of labels) uses.set(plain, (uses.get(plain) ?? 0) + 1);
  const found = labels.map(({ bare, plain: name, ...label }): LabelFile => {
    if (bare === undefined) return label;
    // The labels of two splits may have one name, and only one of them the image.
    return uses.get(name) === 1 ? { ...label, name } : { ...label, image: undefined };
  });
  const used = new Set(found.map(({ image }) => image));
  const unlabeled = new Set(known.flatMap((one) => one.all()).filter((image) => !used.has(image)));
  return { labels: found, unlabeled: [...unlabeled] };
}

async function listTexts(store: Store, folder: string, depth = 0): Promise<string[]> {
  const { folders, files } = await store.list(folder);
  const texts = files.filter((file) => /\.txt$/i.test(file) && file !== "classes.txt");
  if (depth >= maxDepth) return texts;
  for (const name of folders) {
    const inside = await listTexts(store, join(folder, name), depth + 1);
    texts.push(...inside.map((file) => join(name, file)));
  }
  return texts;
}
