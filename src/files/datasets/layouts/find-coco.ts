import type { FolderContent, Store } from "../../../host/store.ts";
import { isFile, isFolder } from "../../text/folders.ts";
import { basename, dirname, join, stem } from "../../text/path.ts";
import { splitOfFolder } from "./files-by-name.ts";

/** What tells a COCO folder. */
export interface CocoFolder {
  /** Paths of the annotation files. */
  readonly files: readonly string[];
  /** Content of JPEGImages; undefined if there is no such folder. */
  readonly inside: FolderContent | undefined;
}

/** A COCO folder; undefined if the data set has another layout. @param inside content of JPEGImages, if there is one */
export async function findCoco(
  store: Store,
  root: string,
  inside: FolderContent | undefined,
): Promise<CocoFolder | undefined> {
  const files = await findInstances(store, root);
  return files.length > 0 || (inside && hasSplits(inside)) ? { files, inside } : undefined;
}

/** Whether JPEGImages has a folder for each split, as COCO in folders like VOC's. */
export function hasSplits({ folders }: FolderContent): boolean {
  return folders.some((name) => ["train", "val"].includes(splitOfFolder(`${name}/`)));
}

/** Names of annotation files: COCO's own with the split, Label Studio's export, Roboflow's in the folder of a split. */
const [cocoFile, labelStudioFile, roboflowFile] = [
  /^instances_.+\.json$/,
  "result.json",
  "_annotations.coco.json",
] as const;

/**
 * The paths of the annotation files: instances_*.json in annotations/ or, if none is there, in the folder itself; else
 * the files of other tools.
 */
async function findInstances(store: Store, root: string): Promise<string[]> {
  for (const folder of [join(root, "annotations"), root]) {
    if (!(await isFolder(store, folder))) continue;
    const { files } = await store.list(folder);
    const names = files.filter((name) => cocoFile.test(name));
    if (names.length > 0) return names.map((name) => join(folder, name));
  }
  const { files, folders } = await store.list(root);
  const places = [".", ...folders].map((folder) => join(root, folder, roboflowFile));
  const roboflow: string[] = [];
  for (const path of places) if (await isFile(store, path)) roboflow.push(path);
  if (roboflow.length > 0) return roboflow;
  // The name alone says little, so the images must lie where Label Studio puts them.
  const isExport = files.includes(labelStudioFile) && folders.includes("images");
  return isExport ? [join(root, labelStudioFile)] : [];
}

/** The split of an annotation file, `train` for instances_train2014.json; undefined if its name says none. */
export function splitOf(path: string): string | undefined {
  const name = suffixOf(path).replace(/\d{4}$/, "");
  return name === "" || name === "default" ? undefined : name;
}

/**
 * The part of an annotation file's name or folder that may name a split: `train2014` for instances_train2014.json, empty
 * if there is none.
 */
export function suffixOf(path: string): string {
  const name = basename(path);
  if (cocoFile.test(name)) return stem(name).slice("instances_".length);
  if (name !== roboflowFile) return "";
  const folder = basename(dirname(path)).toLowerCase();
  if (folder === "valid") return "val";
  return ["train", "val", "test"].includes(folder) ? folder : "";
}
