import { UserError } from "../../../user-error.ts";
import { listClassFolders } from "./class-folders.ts";
import { readDescription, type Description } from "./description.ts";
import { findCoco } from "./find-coco.ts";
import type { FileHost } from "../../../host/host.ts";
import { isFile, isFolder } from "../../text/folders.ts";
import { isTarName, tarsInFolder } from "../../inputs/tars.ts";
import { labelFolders } from "../../formats/yolo/label-files.ts";
import { listNames } from "../../text/list-names.ts";
import { extname, join } from "../../text/path.ts";
import type { Listing, OnProgress } from "../listing/listing.ts";
import { describeFolder, findTagsFile, listPlain } from "./plain.ts";
import { listVocBeside } from "./voc-beside.ts";

const layouts =
  "expected images/ with tags.csv (or .tsv, .jsonl, .json), a folder of images for each class, " +
  "VOC folders (JPEGImages/, ImageSets/), images with a VOC .xml beside each, or COCO (annotations/instances_*.json with its images, or " +
  "JPEGImages/train and val)";

/** Recognizes the layout of a data set folder and lists its images. */
export async function listDataset(
  host: FileHost,
  root: string,
  onProgress?: OnProgress,
): Promise<Listing> {
  const { store } = host;
  if (!(await isFolder(store, root))) {
    const isThere = await isFile(store, root);
    if (isThere && isTarName(root)) throw onlyForMasks(root, "is a tar");
    throw new UserError(
      isThere
        ? `${root}: is a file; a data set is a folder`
        : `${root}: no such folder; name the folder of a data set`,
    );
  }
  const description = await readDescription(store, root);
  const listing = await listDescribed(host, root, description, onProgress);
  const { guess, classes } = description;
  if (guess === undefined) return listing;
  const problem = { severity: "warning", file: classes!.file, message: guess } as const;
  return { ...listing, problems: [...listing.problems, problem] };
}

async function listDescribed(
  host: FileHost,
  root: string,
  description: Description,
  onProgress?: OnProgress,
): Promise<Listing> {
  const { store } = host;
  const images = join(root, "JPEGImages");
  const inside = (await isFolder(store, images))
    ? await store.list(images, { sorted: false })
    : undefined;
  const coco = await findCoco(store, root, inside);
  if (coco) {
    const { listCoco } = await import("./coco.ts");
    const listing = await listCoco(host, root, description, coco, onProgress);
    return warnOfUnused(listing, root, description, ["masks", "splits"]);
  }
  if (inside) {
    const { listVoc } = await import("./voc.ts");
    const voc = await listVoc(host, root, description, { kind: "voc", inside, onProgress });
    return warnOfUnused(voc, root, description, ["images", "masks", "splits"]);
  }
  const tagsPath = await findTagsFile(store, root, description);
  if (tagsPath !== undefined) return listPlain(store, root, description, tagsPath);
  const beside = await listVocBeside(store, root, description);
  if (beside) return beside;
  if ((await labelFolders(store, root)).length > 0) {
    throw new UserError(
      `${root}: has YOLO labels, which are masks without tags; make masks of them, and the tags are read from these`,
      {
        remedies: [
          {
            ...{ kind: "job", name: "convert", argument: root },
            options: { to: "voc", layout: "voc2012", out: `${root.replace(/\/+$/, "")}-voc` },
            purpose: "makes a data set of them",
          },
        ],
      },
    );
  }
  if (await isFolder(store, join(root, "images"))) {
    const tables = (await store.list(root)).files.filter((file) =>
      /\.(csv|tsv|jsonl?)$/i.test(file),
    );
    const [table] = tables;
    throw new UserError(
      `${root}: has images/, but no tags.csv, tags.jsonl or tags.json; ` +
        (table === undefined
          ? 'write the tags of each image into tags.csv, with the first line "file,tags"'
          : `if the tags are in ${listNames(tables)}, call it tags${extname(table).toLowerCase()} or name it in data.yaml (tags: ${table})`),
    );
  }
  const folders = await listClassFolders(store, root, description);
  if (folders) return folders;
  if (await tarsInFolder(store, root)) throw onlyForMasks(root, "holds tars");
  const holds = await describeFolder(store, root);
  throw new UserError(
    holds === "nothing"
      ? `${root}: the folder is empty; ${layouts}`
      : `${root}: not a data set; it holds ${holds}; ${layouts}`,
  );
}

/** The error for tars where a data set is to be on disk. */
function onlyForMasks(root: string, what: string): UserError {
  return new UserError(
    `${root}: ${what}, of whose images only masks can be made (label, segment); for everything else unpack the images into ` +
      "a folder images/, with their tags in a tags.csv beside it",
    { code: "tar" },
  );
}

/** Adds a warning about keys of data.yaml that have no effect, because the layout itself defines these places. */
function warnOfUnused(
  listing: Listing,
  root: string,
  description: Description,
  keys: readonly (keyof Description)[],
): Listing {
  const unused = keys.filter((key) => description[key] !== undefined);
  if (unused.length === 0) return listing;
  const message = `${unused.join(", ")}: ignored, because the layouts of VOC and COCO define this themselves`;
  const problem = { severity: "warning", file: join(root, "data.yaml"), message } as const;
  return { ...listing, problems: [...listing.problems, problem] };
}
