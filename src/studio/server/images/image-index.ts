import { join } from "../../../files/text/path.ts";
import type { ImageDetails, ImagesQuery, Neighbors, Project } from "../../protocol.ts";
import type { ImageRecord, RecordPage } from "../../records.ts";
import { isDrawn } from "../../review/queue.ts";
import type { Events, Images, IndexedImage, ReviewFacts } from "../studio.ts";
import type { KnownImages } from "./build-index.ts";
import type { BuiltIndex } from "./columns.ts";
import { ImageTable, type Content } from "./image-table.ts";
import { ImageQueries } from "./queries.ts";
import { renumbered } from "./tag-lists.ts";

/** Number of images up to which everything is told that is found out about them. */
const fewImages = 20_000;

/** The images of the studio, and what is told of their changes. */
export class ImageIndex implements Images {
  readonly table = new ImageTable();
  complete: Promise<void> = Promise.resolve();
  private readonly names: string[] = [];
  /** Classes that came from this server, not from the data. */
  private readonly added = new Set<string>();
  private readonly queries = new ImageQueries(this.table);
  private counts: Project["counts"] | undefined;

  constructor(
    private readonly root: string,
    private readonly events: Events,
  ) {}

  get count(): number {
    return this.table.length;
  }

  get classes(): readonly string[] {
    return this.names;
  }

  at(id: number): IndexedImage | undefined {
    if (!this.table.has(id)) return undefined;
    return { ...this.shown(id), path: join(this.root, this.table.file(id)) };
  }

  private shown(id: number): Omit<IndexedImage, "path"> {
    const { table } = this;
    return {
      id,
      name: table.name(id),
      file: table.file(id),
      version: String(table.version[id]),
      tags: table.tags(id) as number[],
      untagged: table.isUntagged(id),
      tagsRev: table.tagsRev[id]!,
      split: table.head.splits[table.split[id]!]!,
      width: table.width[id]!,
      height: table.height[id]!,
    };
  }

  named(name: string): IndexedImage | undefined {
    const id = this.table.idOf(name);
    return id === undefined ? undefined : this.at(id);
  }

  facts(id: number): ReviewFacts {
    return this.table.facts.at(id, isDrawn(this.table.lots[id]!));
  }

  setFacts(
    changes: readonly { readonly id: number; readonly facts: Partial<ReviewFacts> }[],
  ): void {
    for (const { id, facts } of changes) this.table.facts.set(id, facts);
    this.publish(changes.map(({ id }) => id));
  }

  record(id: number): ImageRecord {
    return this.queries.record(id);
  }

  page(query: ImagesQuery): RecordPage {
    return this.queries.page(query);
  }

  /** A page as it is sent. */
  encodedPage(query: ImagesQuery): Uint8Array<ArrayBuffer> {
    return this.queries.encodedPage(query);
  }

  details(ids: readonly number[]): ImageDetails[] {
    return ids.flatMap((id) => {
      if (!this.table.has(id)) return [];
      const { verdict, maskRev, drawn, confidence, missing } = this.facts(id);
      const problems = this.table.problemsOf(id);
      const known = Number.isNaN(confidence) ? null : confidence;
      const review = { verdict, maskRev, drawn, confidence: known, missing: [...missing] };
      return [{ ...this.shown(id), ...review, problems }];
    });
  }

  /** The images before and after one that is there, in the order of their names. */
  neighbors(id: number): Neighbors {
    const { order } = this.table;
    const at = order.indexOf(id);
    return { previous: order[at - 1] ?? null, next: order[at + 1] ?? null };
  }

  classOf(name: string): number {
    const known = this.names.indexOf(name);
    if (known >= 0) return known;
    this.names.push(name);
    this.added.add(name);
    this.counts = undefined;
    this.events.publish({ type: "project" });
    return this.names.length - 1;
  }

  /** Adds images of which only the path is known so far. */
  addFound(paths: readonly string[]): void {
    this.table.addFound(paths);
    this.publishList();
  }

  /** Takes over a list that was built; classes keep their numbers, and new ones follow. */
  take({ head, columns }: BuiltIndex): void {
    for (const name of head.classes) if (!this.names.includes(name)) this.names.push(name);
    const numbers = head.classes.map((name) => this.names.indexOf(name));
    const tagLists = renumbered(columns.tagLists, numbers);
    this.table.take({ head, columns: { ...columns, tagLists } });
    this.publishList();
  }

  /** @param changes tags by id, undefined if they are not known */
  setTags(
    changes: readonly { readonly id: number; readonly tags: readonly number[] | undefined }[],
  ): void {
    for (const { id, tags } of changes) this.table.setTags(id, tags);
    this.publish(changes.map(({ id }) => id));
  }

  /**
   * Takes what image files show; false if that is nothing new.
   * @param isSeen whether somebody waits for it: of many images that nobody looks at, only what is wrong is told
   */
  setContent(
    contents: readonly { readonly id: number; readonly content: Content }[],
    isSeen: boolean,
  ): boolean {
    const { table } = this;
    const isTold = (id: number, { problem }: Content): boolean =>
      isSeen || problem !== undefined || table.version[id] !== 0 || this.count <= fewImages;
    const told = contents.filter(({ id, content }) => isTold(id, content)).map(({ id }) => id);
    const changed = contents.filter(({ id, content }) => table.setContent(id, content));
    const ids = new Set(changed.map(({ id }) => id));
    this.publish(told.filter((id) => ids.has(id)));
    return changed.length > 0;
  }

  /** What a new listing is to keep. */
  known(): KnownImages {
    return this.table.known();
  }

  /** Everything that the stored index has, without classes that are gone since. */
  stored(): BuiltIndex {
    const there = new Set([...this.table.head.classes, ...this.added]);
    const classes = this.names.filter((name) => there.has(name));
    const { head, columns } = this.table.stored();
    const numbers = this.names.map((name) => Math.max(0, classes.indexOf(name)));
    const tagLists = renumbered(columns.tagLists, numbers);
    return { head: { ...head, classes }, columns: { ...columns, tagLists } };
  }

  /** Counts of images, untagged ones, problems, verdicts, corrections and classes. */
  counted(): Project["counts"] {
    return (this.counts ??= countImages(this.table, this.names.length));
  }

  private publish(ids: readonly number[]): void {
    if (ids.length === 0) return;
    this.queries.changed();
    this.counts = undefined;
    this.events.publish({ type: "images", ids: [...ids] });
    this.events.publish({ type: "project" });
  }

  private publishList(): void {
    this.queries.changed();
    this.counts = undefined;
    this.events.publish({ type: "list" });
    this.events.publish({ type: "project" });
  }
}

function countImages(table: ImageTable, classes: number): Project["counts"] {
  const { order, facts, hasProblem } = table;
  const perList = new Uint32Array(table.tagLists.length);
  const perVerdict = [0, 0, 0, 0];
  let [untagged, problems, corrections] = [0, 0, 0];
  for (const id of order) {
    perList[table.tagList[id]!]!++;
    perVerdict[facts.verdict[id]!]!++;
    if (table.isUntagged(id)) untagged++;
    if (hasProblem[id] === 1) problems++;
    if (facts.hasCorrection(id)) corrections++;
  }
  const perClass = new Array<number>(classes).fill(0);
  table.tagLists.forEachTag((list, tag) => (perClass[tag]! += perList[list]!));
  const [, accepted, rejected, unsure] = perVerdict as [number, number, number, number];
  const images = order.length;
  return { images, untagged, problems, accepted, rejected, unsure, corrections, perClass };
}
