import { safeName } from "../../../files/datasets/arrange.ts";
import { stem } from "../../../files/text/path.ts";
import { lotOf } from "../../review/queue.ts";
import type { KnownImages } from "./build-index.ts";
import { folded, type BuiltIndex, type IndexHead } from "./columns.ts";
import { FactColumns } from "./facts.ts";
import { withRoom } from "./grow.ts";
import { addNames, buildNameTable, findName } from "./name-lookup.ts";
import { TagLists, unknownTags } from "./tag-lists.ts";
import { TextColumn } from "./text-column.ts";

/** What is known of an image file once it was looked at. */
export interface Content {
  readonly version: number;
  /** Upright, in pixels. */
  readonly width: number;
  readonly height: number;
  /** Why it cannot be read. */
  readonly problem: string | undefined;
}

const emptyHead: IndexHead = {
  ...{ format: "empty", classes: [], classesFile: null, splits: [""] },
  ...{ otherNames: [], tagsFixed: null, tagsFile: null, imageFolder: "" },
  ...{ problems: [], imageProblems: [] },
};

/**
 * First revision of an image's tags: one that no earlier server has given, so that a page that was open all the time notices. The
 * second of the server's start, which no image is changed more often than.
 */
const firstRev = Math.floor(Date.now() / 1000) - 1_700_000_000;

/** All images of a data folder by id: 70 bytes and twice the path for each. */
export class ImageTable {
  head: IndexHead = emptyHead;
  /** Ids of the images that are there, in the order of their paths. */
  order: Uint32Array = new Uint32Array(0);
  lots: Uint32Array = new Uint32Array(0);
  tagList: Uint32Array = new Uint32Array(0);
  split: Uint16Array = new Uint16Array(0);
  version: Uint32Array = new Uint32Array(0);
  width: Uint32Array = new Uint32Array(0);
  height: Uint32Array = new Uint32Array(0);
  tagsRev: Uint32Array = new Uint32Array(0);
  hasProblem: Uint8Array = new Uint8Array(0);
  /** The paths in lower case, to search in. */
  folded = new TextColumn();
  readonly facts = new FactColumns();
  private files = new TextColumn();
  private nameStarts: Uint16Array = new Uint16Array(0);
  private nameTable: Uint32Array = new Uint32Array(4);
  private isThere: Uint8Array = new Uint8Array(0);
  private otherNames = new Map<number, string>();
  private lists = new TagLists();
  private dataProblems = new Map<number, readonly string[]>();
  private readonly contentProblems = new Map<number, string>();

  /** Ids are 0 .. length - 1, of which some may belong to images that are gone. */
  get length(): number {
    return this.files.length;
  }

  has(id: number): boolean {
    return this.isThere[id] === 1;
  }

  file(id: number): string {
    return this.files.at(id);
  }

  /** Name as that of the image's mask. */
  name(id: number): string {
    const other = this.otherNames.get(id);
    return other ?? safeName(stem(this.files.at(id).slice(this.nameStarts[id])));
  }

  idOf(name: string): number | undefined {
    return findName(this.nameTable, lotOf(name), (id) => this.name(id) === name);
  }

  /** Ascending; none if they are not known. */
  tags(id: number): readonly number[] {
    return this.lists.at(this.tagList[id]!);
  }

  isUntagged(id: number): boolean {
    return this.tagList[id] === unknownTags;
  }

  /** All lists of tags, by the numbers in `tagList`. */
  get tagLists(): TagLists {
    return this.lists;
  }

  /** @param tags undefined if they are not known */
  setTags(id: number, tags: readonly number[] | undefined): void {
    const sorted = tags && [...new Set(tags)].sort((a, b) => a - b);
    this.tagList[id] = sorted === undefined ? unknownTags : this.lists.numberOf(sorted);
    this.tagsRev[id]!++;
  }

  problemsOf(id: number): string[] {
    const content = this.contentProblems.get(id);
    return [...(this.dataProblems.get(id) ?? []), ...(content === undefined ? [] : [content])];
  }

  /** Returns whether anything is new. */
  setContent(id: number, { version, width, height, problem }: Content): boolean {
    const isSame =
      this.version[id] === version &&
      this.width[id] === width &&
      this.height[id] === height &&
      this.contentProblems.get(id) === problem;
    if (isSame) return false;
    this.version[id] = version;
    this.width[id] = width;
    this.height[id] = height;
    if (problem === undefined) this.contentProblems.delete(id);
    else this.contentProblems.set(id, problem);
    this.hasProblem[id] = this.problemsOf(id).length > 0 ? 1 : 0;
    return true;
  }

  /** What a new listing is to keep. */
  known(): KnownImages {
    const { files, version, width, height } = this;
    return { files: files.packed(), version, width, height };
  }

  /** Everything as it is now, to be stored. */
  stored(): BuiltIndex {
    const { length } = this;
    const cut = <C extends Uint16Array | Uint32Array>(column: C): C => column.slice(0, length) as C;
    return {
      head: { ...this.head, otherNames: [...this.otherNames] },
      columns: {
        files: this.files.packed(),
        folded: this.folded.packed(),
        nameStarts: cut(this.nameStarts),
        lots: cut(this.lots),
        nameTable: this.nameTable,
        tagList: cut(this.tagList),
        tagLists: this.lists.pack(),
        split: cut(this.split),
        order: this.order,
        version: cut(this.version),
        width: cut(this.width),
        height: cut(this.height),
      },
    };
  }

  /** Adds images of which only the path is known so far. */
  addFound(paths: readonly string[]): void {
    const before = this.length;
    for (const path of paths) {
      this.files.push(path);
      this.folded.push(folded(path));
    }
    this.grow();
    const listed = this.order.length;
    const order = withRoom(new Uint32Array(this.order.buffer), listed + paths.length);
    for (let i = 0; i < paths.length; i++) order[listed + i] = before + i;
    this.order = order.subarray(0, listed + paths.length);
    this.isThere.fill(1, before, this.length);
    for (let id = before; id < this.length; id++) this.lots[id] = lotOf(this.name(id));
    if (2 * this.length > this.nameTable.length) {
      this.nameTable = buildNameTable(this.lots, this.order, 4 * this.length);
    } else addNames(this.nameTable, this.lots, this.order.subarray(listed));
  }

  /** Takes over what was built, in which all ids so far have kept their images. */
  take({ head, columns }: BuiltIndex): void {
    const { length, tagList, lists } = this;
    this.head = head;
    this.files = new TextColumn(columns.files);
    this.folded = new TextColumn(columns.folded);
    this.lists = new TagLists(columns.tagLists);
    this.otherNames = new Map(head.otherNames);
    this.dataProblems = new Map(head.imageProblems);
    ({ nameStarts: this.nameStarts, nameTable: this.nameTable, order: this.order } = columns);
    ({ lots: this.lots, tagList: this.tagList, split: this.split } = columns);
    this.grow();
    // What was looked at meanwhile is newer.
    for (const name of ["version", "width", "height"] as const) {
      const [own, built] = [this[name], columns[name]];
      for (let id = 0; id < built.length; id++) if (own[id] === 0) own[id] = built[id]!;
    }
    this.isThere.fill(0);
    for (const id of this.order) this.isThere[id] = 1;
    this.hasProblem.fill(0);
    for (const id of this.dataProblems.keys()) this.hasProblem[id] = 1;
    for (const id of this.contentProblems.keys()) this.hasProblem[id] = 1;
    this.countTagChanges(length, tagList, lists);
  }

  /** Counts up the revisions of the images whose tags are others than before. */
  private countTagChanges(length: number, tagList: Uint32Array, lists: TagLists): void {
    const now = Uint32Array.from({ length: lists.length }, (_, number) =>
      number === unknownTags ? number : this.lists.numberOf(lists.at(number)),
    );
    for (let id = 0; id < length; id++) {
      if (now[tagList[id]!] !== this.tagList[id]) this.tagsRev[id]!++;
    }
  }

  /** Makes room for all ids in all columns. */
  private grow(): void {
    const { length } = this;
    this.facts.grow(length);
    this.lots = withRoom(this.lots, length);
    this.tagList = withRoom(this.tagList, length);
    this.version = withRoom(this.version, length);
    this.width = withRoom(this.width, length);
    this.height = withRoom(this.height, length);
    const revs = this.tagsRev.length;
    this.tagsRev = withRoom(this.tagsRev, length).fill(firstRev, revs);
    this.split = withRoom(this.split, length);
    this.nameStarts = withRoom(this.nameStarts, length);
    this.hasProblem = withRoom(this.hasProblem, length);
    this.isThere = withRoom(this.isThere, length);
  }
}
