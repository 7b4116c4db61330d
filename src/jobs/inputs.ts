import type { OpenedDataset, OpenOptions } from "../files/datasets/index.ts";
import { formatProblem, type Problem } from "../files/datasets/index.ts";
import { openNames, openTars, type InputDataset } from "../files/inputs/dataset.ts";
import { inputHost } from "../files/inputs/input-host.ts";
import type { InputItem } from "../files/inputs/item.ts";
import { itemOfName, readNames } from "../files/inputs/name-list.ts";
import { isTarName, readTars, tarsInFolder } from "../files/inputs/tars.ts";
import { listImages } from "../files/text/folders.ts";
import { basename, join, stem } from "../files/text/path.ts";
import { counted } from "../files/text/units.ts";
import type { Host } from "../host/host.ts";
import type { Sample } from "../method/data/sample.ts";
import { UserError } from "../user-error.ts";
import type { JobOptions, NoticeEvent, ReadingEvent } from "./events.ts";
import { readDataset } from "./read-dataset.ts";

export type { InputItem };

/** Most problems of inputs that are told one by one. */
const mostTold = 5;

/** Images, and the host that reads them where they are. */
export interface FoundInputs {
  readonly items: readonly InputItem[];
  readonly host: Host;
}

export interface ImageInputs {
  /** Image files, folders of them, and tars or folders of these; with a command, lists of names. */
  readonly images: readonly string[];
  /** Command whose standard output is the image of the name that takes the place of {}. */
  readonly inputCommand?: string;
  /** Fail if an image that is listed cannot be used. */
  readonly strict?: boolean;
}

/** Finds the images of a job. */
export async function* findInputs(
  host: Host,
  { images, inputCommand, strict = false }: ImageInputs,
  { signal }: JobOptions = {},
): AsyncGenerator<NoticeEvent, FoundInputs> {
  const find = inputCommand === undefined ? imagesAt : namesIn;
  const { items, problems } = await find(host, images);
  const first = problems.find(({ leftOut }) => leftOut);
  if (strict && first) throw new UserError(formatProblem(first));
  yield* tell(problems);
  return { items, host: inputHost(host, items, { inputCommand, signal }) };
}

interface Found {
  readonly items: readonly InputItem[];
  readonly problems: readonly Problem[];
}

/** The images at some paths: files themselves, for folders the images in them, and those in tars. */
async function imagesAt({ store }: Host, paths: readonly string[]): Promise<Found> {
  const items: InputItem[] = [];
  const problems: Problem[] = [];
  const addTars = async (tars: readonly string[], alone: boolean): Promise<void> => {
    const found = await readTars(store, tars, { alone, texts: false });
    for (const { item } of found.samples) items.push(item);
    for (const problem of found.problems) problems.push(problem);
  };
  for (const path of paths) {
    const kind = (await store.stat(path))?.kind;
    if (kind === undefined) throw new UserError(`${path}: no such image or folder`);
    if (kind === "file" && isTarName(path)) {
      await addTars([path], paths.length === 1);
      continue;
    }
    if (kind === "file") {
      items.push({ name: stem(basename(path)), file: path });
      continue;
    }
    const tars = await tarsInFolder(store, path);
    if (tars) {
      await addTars(tars, false);
      continue;
    }
    const inside = await listImages(store, path);
    if (inside.length === 0) throw new UserError(`${path}: no images in this folder`);
    for (const file of inside) items.push({ name: stem(file), file: join(path, file) });
  }
  return { items, problems };
}

/** The images that some lists name. */
async function namesIn({ store }: Host, lists: readonly string[]): Promise<Found> {
  const items = new Map<string, InputItem>();
  const problems: Problem[] = [];
  for (const list of lists) {
    const found = await readNames(store, list);
    for (const problem of found.problems) problems.push(problem);
    for (const { file, line } of found.lines) {
      if (items.has(file)) {
        const message = `${file} is listed again`;
        problems.push({ severity: "warning", file: list, ...(line && { line }), message });
      } else items.set(file, itemOfName(file));
    }
  }
  return { items: [...items.values()], problems };
}

export interface TaggedInputs {
  /** Folder of a data set, a tar, a folder of tars, or with a command a table of names and tags. */
  readonly data: string;
  readonly inputCommand?: string;
}

/** A data set, and the host that reads its images where they are. */
export interface FoundDataset {
  readonly data: OpenedDataset;
  readonly host: Host;
  /** The image of a sample, with the name of its mask. */
  readonly itemOf: (sample: Sample) => InputItem;
}

/** Finds the tagged images of a job. */
export async function* findTaggedInputs(
  host: Host,
  { data: path, inputCommand }: TaggedInputs,
  options: Omit<OpenOptions, "onProgress" | "training" | "split">,
  { signal }: JobOptions = {},
): AsyncGenerator<NoticeEvent | ReadingEvent, FoundDataset> {
  const found =
    inputCommand === undefined
      ? await taggedInTars(host, path, options)
      : await openNames(host, path, options);
  if (!found) {
    const data = yield* readDataset(host, path, options);
    return { data, host, itemOf: ({ name, image }) => ({ name, file: image }) };
  }
  const { data, items, itemOf } = found;
  yield* tell(data.problems);
  return { data, itemOf, host: inputHost(host, items, { inputCommand, signal }) };
}

/** The images in a tar, or in a folder of tars; undefined for other paths. */
async function taggedInTars(
  host: Host,
  path: string,
  options: Parameters<typeof openNames>[2],
): Promise<InputDataset | undefined> {
  const kind = (await host.store.stat(path))?.kind;
  if (kind === "file" && isTarName(path)) return openTars(host, path, [path], { ...options, alone: true }); // prettier-ignore
  const tars = kind === "folder" ? await tarsInFolder(host.store, path) : undefined;
  return tars && openTars(host, path, tars, { ...options, alone: false });
}

function* tell(problems: readonly Problem[]): Generator<NoticeEvent> {
  for (const problem of problems.slice(0, mostTold)) {
    yield { type: "notice", message: formatProblem(problem) };
  }
  const more = problems.length - mostTold;
  if (more > 0)
    yield { type: "notice", message: `and ${counted(more, "more problem")} like these` };
}
