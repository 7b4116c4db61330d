import { extname, join } from "node:path";
import { UserError } from "../../user-error.ts";
import { isFile, isFolder, listFolder } from "../../host/node/files/folder.ts";
import { JsonScanner } from "../text/json.ts";
import { pushJson } from "../text/pieces.ts";
import { formatFiles, maskFormats, type MaskFormat } from "./formats.ts";
import { openZip } from "../../host/node/files/archive.ts";
import { openFolder } from "./archive.ts";
import { cocoSource } from "./coco/read.ts";
import { cvatSource } from "./cvat/read.ts";
import { isLabelStudio, labelStudioSource } from "./label-studio/read.ts";
import { paletteFolder, paletteSource, ultralyticsSource } from "./png/read.ts";
import { classesBeside } from "./source-classes.ts";
import type { MaskSource, SourceOptions } from "./source.ts";
import { readDataYaml, readJson } from "./text-files.ts";
import { labelFolders, yoloSource } from "./yolo/read.ts";

export { ImageFiles } from "./image-files.ts";
export type { MaskEntry, MaskSource } from "./source.ts";

/** Something that can be read as a format: a file, or a folder. */
interface Candidate {
  readonly format: MaskFormat;
  readonly path: string;
  /** The value of a JSON file that holds a list. */
  readonly value?: unknown;
}

/** Opens masks in a file or folder, the format told by what is there unless it is given. */
export async function openMasks(
  path: string,
  options: SourceOptions & { readonly from?: MaskFormat },
): Promise<MaskSource> {
  const { from } = options;
  const found = await candidates(path);
  const wanted = from === undefined ? found : found.filter(({ format }) => format === from);
  const [first, second] = wanted;
  if (!first) {
    const holds = found.map(({ format }) => format).join(" and ");
    const inside: string[] = [];
    for (const name of maskFormats) if (await isFolder(join(path, name))) inside.push(name);
    if (found.length === 0 && inside.length > 0) {
      throw new UserError(
        `${path}: has masks in several formats, a folder each; name one: ${inside.map((name) => join(path, name)).join(", ")}`,
      );
    }
    throw new UserError(
      from === undefined
        ? `${path}: no masks in a known format; understood are instances JSON of COCO, tasks of Label Studio, a zip of CVAT, data.yaml with labels/ or masks/, and folders of mask PNGs`
        : `${path}: has no masks as ${from}${holds ? `; it holds ${holds}` : ""}`,
    );
  }
  if (second) {
    const list = wanted.map((one) => `${one.format} (${one.path})`).join(", ");
    throw new UserError(
      `${path}: holds masks more than once: ${list}; name a file, or the format by --from`,
    );
  }
  return openCandidate(first, options);
}

async function candidates(path: string): Promise<Candidate[]> {
  if (await isFile(path)) return fileCandidate(path);
  if (!(await isFolder(path))) throw new UserError(`${path}: no such file or folder`);
  const found: Candidate[] = [];
  const description = await readDataYaml(path);
  const hasLabels = (await labelFolders(path)).length > 0;
  if (description?.masksDir !== undefined) found.push({ format: "ultralytics", path });
  else if (description && hasLabels) found.push({ format: "yolo", path });
  const isArchive = await isFile(join(path, "labelmap.txt"));
  if (isArchive) found.push({ format: "cvat", path });
  // The masks/ of Ultralytics and the SegmentationClass/ of CVAT are no palette masks.
  else if (description?.masksDir === undefined && (await paletteFolder(path)) !== undefined) {
    found.push({ format: "voc", path });
  }
  const own = new Set(Object.values(formatFiles));
  const { files } = await listFolder(path);
  const single = files.filter(
    (file) => /\.(json|zip)$/i.test(file) && !/classes\.json$/.test(file),
  );
  // In a folder with other masks, a JSON file counts only by the names that are written here.
  for (const file of single.filter((name) => own.has(name) || found.length === 0)) {
    found.push(...(await fileCandidate(join(path, file))));
  }
  return found;
}

async function fileCandidate(path: string): Promise<Candidate[]> {
  const ending = extname(path).toLowerCase();
  if (ending === ".zip") return [{ format: "cvat", path }];
  if (ending !== ".json") return [];
  const lists = await listsOf(path);
  if (lists)
    return lists.has("images") && lists.has("annotations") ? [{ format: "coco", path }] : [];
  const value = await readJson(path);
  return isLabelStudio(value) ? [{ format: "labelstudio", path, value }] : [];
}

/**
 * Keys of the lists in the object that a JSON file holds, read as far as tells that they are COCO's; undefined if it
 * holds a list.
 */
async function listsOf(path: string): Promise<ReadonlySet<string> | undefined> {
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
  await pushJson(path, sink, { isDone });
  return isList ? undefined : lists;
}

async function openCandidate(
  { format, path, value }: Candidate,
  options: SourceOptions,
): Promise<MaskSource> {
  switch (format) {
    case "voc":
      return paletteSource(path, options);
    case "yolo":
      return yoloSource(path, (await readDataYaml(path))!, options);
    case "ultralytics":
      return ultralyticsSource(path, (await readDataYaml(path))!, options);
    case "coco":
      return cocoSource(path, options);
    case "labelstudio": {
      const beside = await classesBeside(path, false);
      const tasks = value as Parameters<typeof labelStudioSource>[1];
      return labelStudioSource(path, tasks, { ...options, ...(beside && { beside }) });
    }
    case "cvat": {
      const archive = (await isFile(path)) ? await openZip(path) : await openFolder(path);
      return cvatSource(path, archive, options).catch(async (error: unknown) => {
        await archive.close();
        throw error;
      });
    }
  }
}
