import type { FileHost } from "../../host/host.ts";
import type { ArchiveReader, Store } from "../../host/store.ts";
import { UserError } from "../../user-error.ts";
import { JsonScanner } from "../text/json.ts";
import { extname, join, stem } from "../text/path.ts";
import { pushJson } from "../text/pieces.ts";
import { formatFiles, maskFormats, type MaskFormat } from "./formats.ts";
import { openFolder } from "./archive.ts";
import { archiveHost, topFolder } from "./archive-host.ts";
import { cocoSource } from "./coco/read.ts";
import { cvatSource } from "./cvat/read.ts";
import { cvatXmlSource, isCvatXml } from "./cvat/read-xml.ts";
import { isLabelStudio, labelStudioSource } from "./label-studio/read.ts";
import {
  listPngs,
  paletteClasses,
  paletteFolder,
  paletteSource,
  ultralyticsSource,
} from "./png/read.ts";
import { classesBeside } from "./source-classes.ts";
import { ImageFiles } from "./image-files.ts";
import type { MaskEntry, MaskSource, SourceOptions } from "./source.ts";
import { readDataYaml, readJson } from "./text-files.ts";
import { labelFolders } from "./yolo/label-files.ts";
import { yoloSource } from "./yolo/read.ts";

export { ImageFiles } from "./image-files.ts";
export type { MaskEntry, MaskSource } from "./source.ts";

/** A file or folder that can be read as a format. */
interface Candidate {
  readonly format: MaskFormat;
  readonly path: string;
  /** The parsed content of a JSON file that holds a list. */
  readonly value?: unknown;
}

/** The annotations that Roboflow puts beside the images of a split. */
const roboflowFile = "_annotations.coco.json";

/** The file of CVAT's "CVAT for images 1.1". */
const cvatXml = "annotations.xml";

/** Opens masks in a file or folder; without `from`, the format is recognized by the content. */
export async function openMasks(
  host: FileHost,
  path: string,
  options: SourceOptions & { readonly from?: MaskFormat },
): Promise<MaskSource> {
  const { from } = options;
  const archive = await openArchive(host.store, path);
  if (archive && !isMaskArchive(archive)) return openPacked(host, path, archive, options);
  await archive?.close();
  const candidates = await findCandidates(host.store, path, from);
  const matching =
    from === undefined ? candidates : candidates.filter(({ format }) => format === from);
  const [first, second] = matching;
  if (!first) throw await noMasks(host.store, path, candidates, from);
  if (second) {
    const list = matching.map((one) => `${one.format} (${one.path})`).join(", ");
    throw new UserError(
      `${path}: holds masks more than once: ${list}; choose one of these files or formats`,
      { code: "ambiguous-format", remedies: [{ kind: "option", name: "from" }] },
    );
  }
  return openCandidate(host, first, options);
}

/** The archive at a path that ends in `.zip`. */
async function openArchive(store: Store, path: string): Promise<ArchiveReader | undefined> {
  const isFile = extname(path).toLowerCase() === ".zip" && (await store.stat(path))?.kind === "file"; // prettier-ignore
  return isFile ? store.openArchive(path) : undefined;
}

/** Whether an archive is of CVAT's "Segmentation mask", whose reader takes the archive itself. */
function isMaskArchive({ names }: ArchiveReader): boolean {
  return names.some((name) => name === "labelmap.txt" || name.startsWith("SegmentationClass/"));
}

/** Opens the masks in an archive as if it were unpacked. */
async function openPacked(
  host: FileHost,
  path: string,
  archive: ArchiveReader,
  options: SourceOptions & { readonly from?: MaskFormat },
): Promise<MaskSource> {
  try {
    const packed = archiveHost(host, path, archive);
    const top = await topFolder(packed.store, path);
    const inside = await ImageFiles.find(packed.store, undefined, top);
    const source = await openMasks(packed, top, { ...options, images: options.images.or(inside) });
    // An image in the archive tells its size, but is no file that could be copied.
    const entries = source.entries.map(({ image, ...entry }): MaskEntry => {
      const isFile = image !== undefined && !image.startsWith(join(path, "/"));
      return { ...entry, ...(isFile && { image }) };
    });
    const close = async (): Promise<void> => {
      await source.close();
      await archive.close();
    };
    return { ...source, entries, close };
  } catch (error) {
    await archive.close();
    throw error;
  }
}

/**
 * The folder of the palette PNGs in a folder, and the class names beside them, if there are any. A UserError tells how to
 * convert masks in other formats.
 * @param path a folder with PNGs, in `masks/` or the like, or in subfolders as the images are
 */
export async function openPaletteMasks(
  store: Store,
  path: string,
): Promise<{ readonly folder: string; readonly classes: readonly string[] | undefined }> {
  const candidates = await findCandidates(store, path);
  const inSubfolders =
    candidates.length === 0 &&
    (await formatFolders(store, path)).length === 0 &&
    (await listPngs(store, path)).length > 0;
  if (!inSubfolders && !candidates.some(({ format }) => format === "voc")) {
    const [other] = candidates;
    if (!other) throw await noMasks(store, path, candidates, undefined);
    throw new UserError(
      `${other.path}: its format is ${other.format}, but the masks must be palette PNGs, named like the images`,
      {
        code: "other-format",
        remedies: [
          {
            kind: "job",
            name: "convert",
            argument: other.path,
            options: { to: "voc", out: `${stem(other.path.replace(/\/+$/, ""))}-voc` },
            purpose: "converts them",
          },
        ],
      },
    );
  }
  const folder = (await paletteFolder(store, path)) ?? path;
  return { folder, classes: await paletteClasses(store, path, folder) };
}

/** The error for a path without masks, or without masks in the format `from`. */
async function noMasks(
  store: Store,
  path: string,
  candidates: readonly Candidate[],
  from: MaskFormat | undefined,
): Promise<UserError> {
  const folders = await formatFolders(store, path);
  if (candidates.length === 0 && folders.length > 0) {
    return new UserError(
      `${path}: has masks in several formats, each in its own folder; choose one: ${folders.join(", ")}`,
    );
  }
  if (from === undefined) {
    return new UserError(
      `${path}: no masks in a known format; expected a COCO instances JSON, Label Studio tasks, a CVAT zip or annotations.xml, data.yaml with labels/ or masks/, or a folder of mask PNGs`,
    );
  }
  const others = candidates.map(({ format }) => format).join(" and ");
  return new UserError(
    `${path}: has no masks in the format ${from}${others && `; its format is ${others}`}`,
  );
}

/** Folders of a folder that are named after a format, as masks written in several formats have them. */
async function formatFolders(store: Store, path: string): Promise<string[]> {
  const folders: string[] = [];
  for (const name of maskFormats) {
    const folder = join(path, name);
    if ((await store.stat(folder))?.kind === "folder") folders.push(folder);
  }
  return folders;
}

async function findCandidates(store: Store, path: string, from?: MaskFormat): Promise<Candidate[]> {
  const kind = (await store.stat(path))?.kind;
  if (kind === undefined) throw new UserError(`${path}: no such file or folder`);
  if (kind === "file") return fileCandidates(store, path);
  // PNGs beside Roboflow's annotations are photographs, and no masks.
  const isRoboflow = (await store.stat(join(path, roboflowFile)))?.kind === "file";
  if (isRoboflow) return fileCandidates(store, join(path, roboflowFile));
  const candidates: Candidate[] = [];
  const description = await readDataYaml(store, path);
  const hasLabels = (await labelFolders(store, path)).length > 0;
  if (description?.masksDir !== undefined) candidates.push({ format: "ultralytics", path });
  else if (description && hasLabels) candidates.push({ format: "yolo", path });
  else if (hasLabels && (from === "yolo" || (await hasClassList(store, path)))) {
    candidates.push({ format: "yolo", path });
  }
  const isArchive = (await store.stat(join(path, "labelmap.txt")))?.kind === "file";
  if (isArchive) candidates.push({ format: "cvat", path });
  // The masks/ of Ultralytics and the SegmentationClass/ of CVAT do not hold palette masks.
  else if (
    description?.masksDir === undefined &&
    (await paletteFolder(store, path)) !== undefined
  ) {
    candidates.push({ format: "voc", path });
  }
  const ownNames = new Set(Object.values(formatFiles));
  const { files } = await store.list(path);
  const single = files.filter(
    (file) => /\.(json|zip)$/i.test(file) && !/classes\.json$/.test(file),
  );
  // Next to other masks, a JSON file counts only if it has a name under which tag2mask writes masks.
  const isXml = candidates.length === 0 && files.includes(cvatXml);
  if (isXml) candidates.push(...(await fileCandidates(store, join(path, cvatXml))));
  for (const file of single.filter((name) => ownNames.has(name) || candidates.length === 0)) {
    candidates.push(...(await fileCandidates(store, join(path, file))));
  }
  return candidates.length > 0 ? candidates : filesInside(store, path);
}

/** Annotations in the folders in which COCO's, CVAT's and Roboflow's exports have them. */
async function filesInside(store: Store, path: string): Promise<Candidate[]> {
  const candidates: Candidate[] = [];
  for (const folder of (await store.list(path)).folders) {
    const { files } = await store.list(join(path, folder));
    const instances = files.filter((file) => /^instances_.+\.json$/.test(file));
    const isAnnotations = folder.toLowerCase() === "annotations";
    const json = files.filter((file) => /\.json$/i.test(file));
    const names = isAnnotations
      ? instances.length > 0
        ? instances
        : json
      : json.filter((file) => file === roboflowFile);
    for (const file of names) {
      candidates.push(...(await fileCandidates(store, join(path, folder, file))));
    }
  }
  return candidates;
}

/** Whether a folder has the list of class names that stands beside YOLO labels without a data.yaml. */
async function hasClassList(store: Store, path: string): Promise<boolean> {
  return (await store.stat(join(path, "classes.txt")))?.kind === "file";
}

/** The formats in which a file can be read: one, or none. */
async function fileCandidates(store: Store, path: string): Promise<Candidate[]> {
  const ending = extname(path).toLowerCase();
  if (ending === ".zip") return [{ format: "cvat", path }];
  if (ending === ".xml") {
    for await (const piece of store.pieces(path, 4096)) {
      return isCvatXml(new TextDecoder().decode(piece)) ? [{ format: "cvat", path }] : [];
    }
  }
  if (ending !== ".json") return [];
  const lists = await listsOf(store, path);
  if (lists) {
    const isCoco = lists.has("images") && lists.has("annotations");
    return isCoco ? [{ format: "coco", path }] : [];
  }
  const value = await readJson(store, path);
  return isLabelStudio(value) ? [{ format: "labelstudio", path, value }] : [];
}

/**
 * Keys of the lists in the object of a JSON file, read until those of COCO have appeared; undefined if the file holds a
 * list.
 */
async function listsOf(store: Store, path: string): Promise<ReadonlySet<string> | undefined> {
  const lists = new Set<string>();
  const scanner = new JsonScanner({
    member(key, first) {
      if (first === "[") lists.add(key);
      return "skip";
    },
    value: () => undefined,
  });
  let isList: boolean | undefined;
  const sink = {
    push(chunk: Uint8Array): void {
      const text = new TextDecoder().decode(chunk.subarray(0, 4096));
      isList ??= text.trimStart().startsWith("[");
      if (!isList) scanner.push(chunk);
    },
    end: () => scanner.end(),
  };
  const isDone = (): boolean =>
    isList === true || (lists.has("images") && lists.has("annotations"));
  await pushJson(store, path, sink, { isDone });
  return isList ? undefined : lists;
}

async function openCandidate(
  host: FileHost,
  { format, path, value }: Candidate,
  options: SourceOptions,
): Promise<MaskSource> {
  const { store, codec } = host;
  switch (format) {
    case "voc":
      return paletteSource(host, path, options);
    case "yolo":
      return yoloSource(host, path, (await readDataYaml(store, path)) ?? { path }, options);
    case "ultralytics":
      return ultralyticsSource(host, path, (await readDataYaml(store, path))!, options);
    case "coco":
      return cocoSource(host, path, options);
    case "labelstudio": {
      const beside = await classesBeside(store, path, false);
      const tasks = value as Parameters<typeof labelStudioSource>[2];
      return labelStudioSource(codec, path, tasks, { ...options, ...(beside && { beside }) });
    }
    case "cvat": {
      if (extname(path).toLowerCase() === ".xml") return cvatXmlSource(host, path, options);
      const isZip = (await store.stat(path))?.kind === "file";
      const archive = isZip ? await store.openArchive(path) : await openFolder(store, path);
      if (isZip && !isMaskArchive(archive)) return openPacked(host, path, archive, options);
      return cvatSource(codec, path, archive, options).catch(async (error: unknown) => {
        await archive.close();
        throw error;
      });
    }
  }
}
