import type { FileHost } from "../../../host/host.ts";
import { safeName } from "../../../files/datasets/arrange.ts";
import { stem } from "../../../files/text/path.ts";
import { lotOf } from "../../review/queue.ts";
import { folded, type BuiltIndex, type IndexColumns } from "./columns.ts";
import { listDataFolder, type FolderListing, type ListedImage } from "./folder-listing.ts";
import { buildNameTable } from "./name-lookup.ts";
import { TagLists, unknownTags } from "./tag-lists.ts";
import { TextColumn } from "./text-column.ts";

/** Images whose ids are to stay, and what is known of their content. */
export type KnownImages = Pick<IndexColumns, "files" | "version" | "width" | "height">;

/** A list that was built, and which lines of the tags file name an image. */
export interface Building extends BuiltIndex {
  linesOf(id: number): readonly number[];
}

/**
 * Lists a data folder into columns.
 * @param onFound takes images that are known already by their names; they get the ids after those of `known`
 */
export async function buildIndex(
  host: FileHost,
  root: string,
  known: KnownImages | undefined,
  onFound: (files: readonly string[]) => void = () => undefined,
): Promise<Building> {
  const files = new TextColumn(known?.files);
  const ids = new Map<string, number>();
  for (let id = 0; id < files.length; id++) ids.set(files.at(id), id);
  const add = (file: string): number => {
    let id = ids.get(file);
    if (id === undefined) {
      ids.set(file, (id = files.length));
      files.push(file);
    }
    return id;
  };
  const listing = await listDataFolder(host, root, (found) => {
    const added = found.filter((file) => !ids.has(file));
    for (const file of added) add(file);
    onFound(added);
  });
  for (const { file } of listing.images) add(file);
  const idOf = (file: string): number => ids.get(file)!;
  const { head, columns } = toColumns(listing, files, idOf, known);
  return { head, columns, linesOf: linesOf(listing, files.length, idOf) };
}

function linesOf(
  { forEachLine }: FolderListing,
  count: number,
  idOf: (file: string) => number,
): (id: number) => readonly number[] {
  const first = new Uint32Array(count);
  const more = new Map<number, number[]>();
  forEachLine((file, line) => {
    const id = idOf(file);
    if (first[id] === 0) first[id] = line;
    else more.set(id, [...(more.get(id) ?? []), line]);
  });
  return (id) => (first[id] ? [first[id], ...(more.get(id) ?? [])] : []);
}

function toColumns(
  { images, problems, imageProblems, forEachLine: _lines, ...head }: FolderListing,
  files: TextColumn,
  idOf: (file: string) => number,
  known: KnownImages | undefined,
): BuiltIndex {
  const count = files.length;
  const lists = new TagLists();
  const splitNames = [...new Set(images.map(({ split }) => split))].sort();
  const splits = new Map(splitNames.map((name, i) => [name, i]));
  const otherNames: [number, string][] = [];
  const [nameStarts, lots] = [new Uint16Array(count), new Uint32Array(count)];
  const [tagList, split] = [new Uint32Array(count), new Uint16Array(count)];
  const order = new Uint32Array(images.length);
  const start = head.imageFolder === "" ? 0 : head.imageFolder.length + 1;
  sortedByFile(images).forEach(({ file, name, tags, split: splitName }, i) => {
    const id = idOf(file);
    order[i] = id;
    const starts = [start, 0, file.lastIndexOf("/") + 1];
    const own = starts.find((at) => safeName(stem(file.slice(at))) === name);
    if (own === undefined) otherNames.push([id, name]);
    nameStarts[id] = own ?? 0;
    lots[id] = lotOf(name);
    tagList[id] = tags === undefined ? unknownTags : lists.numberOf(tags);
    split[id] = splits.get(splitName)!;
  });
  const searched = new TextColumn();
  for (let id = 0; id < count; id++) searched.push(folded(files.at(id)));
  return {
    head: {
      ...head,
      splits: splitNames,
      otherNames,
      problems,
      imageProblems: [...imageProblems].map(([file, list]) => [idOf(file), list] as const),
    },
    columns: {
      files: files.packed(),
      folded: searched.packed(),
      nameStarts,
      lots,
      nameTable: buildNameTable(lots, order),
      tagList,
      tagLists: lists.pack(),
      split,
      order,
      version: grown(known?.version, count),
      width: grown(known?.width, count),
      height: grown(known?.height, count),
    },
  };
}

/** Lists are mostly sorted already, which is seen at once. */
function sortedByFile(images: readonly ListedImage[]): readonly ListedImage[] {
  const isSorted = images.every(({ file }, i) => i === 0 || images[i - 1]!.file < file);
  return isSorted ? images : [...images].sort((a, b) => (a.file < b.file ? -1 : 1));
}

function grown(numbers: Uint32Array | undefined, length: number): Uint32Array<ArrayBuffer> {
  const longer = new Uint32Array(length);
  if (numbers) longer.set(numbers.subarray(0, length));
  return longer;
}
