import { createReadStream } from "node:fs";
import { mkdir, readFile, rm } from "node:fs/promises";
import { createInterface } from "node:readline";
import { join } from "node:path";
import type { Store } from "../../../host/store.ts";
import type { LabelMap } from "../../../method/images/image.ts";
import { decodeMask } from "../../patches.ts";
import {
  draftFile,
  draftFiles,
  draftKey,
  imageStamp,
  methodKey,
  parseFacts,
  writeDraft,
  type AboutDrafts,
  type DraftFacts,
  type DraftMethod,
} from "./draft-files.ts";
import { labelTable, relabeled } from "./layers-of.ts";

/** Lines after which others are answered while facts are read. */
const linesAtOnce = 1000;

/** The drafts of one model. */
export class DraftStore {
  about: AboutDrafts | undefined;
  /** What each draft was made with, by the name of its image. */
  private readonly keys = new Map<string, number>();
  private isOutdated = false;

  constructor(
    private readonly store: Store,
    readonly folder: string,
  ) {}

  get count(): number {
    return this.keys.size;
  }

  /** Reads what there is. @param told gets the facts of all drafts, some at a time */
  async open(told: (facts: readonly DraftFacts[]) => void = () => undefined): Promise<void> {
    this.about = await this.readAbout();
    this.keys.clear();
    this.isOutdated = false;
    const path = join(this.folder, draftFiles.facts);
    if ((await this.store.stat(path)) === undefined) return;
    let some: DraftFacts[] = [];
    const tell = (): void => {
      told(some);
      some = [];
    };
    for await (const line of createInterface({ input: createReadStream(path) })) {
      const facts = parseFacts(line);
      if (!facts) continue;
      this.note(facts);
      some.push(facts);
      if (some.length < linesAtOnce) continue;
      tell();
      await new Promise((resolve) => setImmediate(resolve));
    }
    if (some.length > 0) tell();
  }

  /** Drafts are wanted for other tags than before: none counts until it is made or found to be as wanted. */
  outdate(): void {
    this.keys.clear();
    this.isOutdated = true;
  }

  /** Counts again after all drafts that were missing are made. */
  async complete(): Promise<void> {
    if (this.isOutdated) await this.open();
  }

  /** Begins anew if the weights are others than those of the drafts. */
  async begin(about: AboutDrafts): Promise<void> {
    if (this.about?.stamp !== about.stamp) {
      await rm(this.folder, { recursive: true, force: true });
      this.keys.clear();
    }
    await this.setAbout(about);
  }

  async setAbout(about: AboutDrafts): Promise<void> {
    this.about = about;
    await mkdir(this.folder, { recursive: true });
    const file = { path: join(this.folder, draftFiles.about), data: JSON.stringify(about) };
    await this.store.write([file], { durable: false });
  }

  /** Drafts are made by another method from now on, or by the branch that fits the tags: none of the others counts. */
  async change(method: DraftMethod | null): Promise<void> {
    const { method: before, ...about } = this.about!;
    if (methodKey(before) === methodKey(method ?? undefined)) return;
    await this.setAbout({ ...about, ...(method && { method }) });
    this.outdate();
  }

  /** Takes note of a draft that was written, in place of any before it; one by another method than is wanted does not count. */
  note(facts: DraftFacts): void {
    const isWanted = methodKey(facts.method) === methodKey(this.about?.method);
    if (isWanted) this.keys.set(facts.name, draftKey(facts));
    else this.keys.delete(facts.name);
  }

  /** The draft of an image as it is now; undefined if there is none, or one of other tags or another content. */
  async read(
    image: { readonly name: string; readonly path: string },
    tags: readonly string[] | null,
    classes: readonly string[],
  ): Promise<LabelMap | undefined> {
    const key = this.keys.get(image.name);
    if (key === undefined || !this.about) return undefined;
    try {
      const { method } = this.about;
      const stamp = await imageStamp(image.path);
      if (draftKey({ tags, stamp, ...(method && { method }) }) !== key) return undefined;
      const mask = decodeMask(await readFile(join(this.folder, draftFile(image.name))));
      return relabeled(mask, labelTable(this.about.classes, classes));
    } catch {
      // Removed by hand, or damaged: it is made again.
      this.keys.delete(image.name);
      return undefined;
    }
  }

  async write(facts: DraftFacts, mask: Uint8Array): Promise<void> {
    await writeDraft(this.store, this.folder, facts, mask);
    this.note(facts);
  }

  /** Removes all drafts but those of some images, those that do not count at the moment included. */
  async keepOnly(names: ReadonlySet<string>): Promise<void> {
    const path = join(this.folder, draftFiles.facts);
    const drafted = new Set(this.keys.keys());
    const kept: string[] = [];
    if ((await this.store.stat(path)) !== undefined) {
      for await (const line of createInterface({ input: createReadStream(path) })) {
        const facts = parseFacts(line);
        if (!facts) continue;
        drafted.add(facts.name);
        if (names.has(facts.name)) kept.push(`${line}\n`);
      }
    }
    for (const name of drafted) {
      if (names.has(name)) continue;
      await rm(join(this.folder, draftFile(name)), { force: true });
      this.keys.delete(name);
    }
    await this.store.write([{ path, data: kept.join("") }], { durable: false });
    await rm(join(this.folder, draftFiles.items), { force: true });
  }

  private async readAbout(): Promise<AboutDrafts | undefined> {
    try {
      const text = await readFile(join(this.folder, draftFiles.about), "utf8");
      const about = JSON.parse(text) as AboutDrafts;
      return Array.isArray(about.classes) ? about : undefined;
    } catch {
      return undefined;
    }
  }
}
