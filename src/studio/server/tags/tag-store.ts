import { UserError } from "../../../user-error.ts";
import { RequestError, conflict, notFound } from "../failure.ts";
import type { Library } from "../images/library.ts";
import { checkNewClass } from "./class-file.ts";
import { unnamable } from "./tags-file.ts";

/** New tags of an image; undefined if they are not known any more. */
export interface NewTags {
  readonly id: number;
  /** Revision that the change is made to. */
  readonly rev: number;
  readonly tags: readonly number[] | undefined;
}

/** Milliseconds for which changes are collected before they are written together. */
const collecting = 30;

/**
 * Changes tags: in memory at once, and in their file soon after. A change counts as made once the disk holds it; what cannot be
 * written is taken back.
 */
export class TagStore {
  /** Whether another program has changed the file while changes of this one are not written. */
  isChangedOutside = false;
  /** Changes that are not on the disk. */
  private pending = new Map<number, readonly number[] | undefined>();
  private writing: Promise<void> | undefined;

  constructor(private readonly library: Library) {
    library.isHeld = () => this.pending.size > 0;
    library.onListed = () => this.reapply();
  }

  /** Makes all changes or none; resolves with the new revisions once they are on the disk. */
  async change(
    changes: readonly NewTags[],
  ): Promise<{ readonly id: number; readonly rev: number }[]> {
    await this.library.listed();
    this.check(changes);
    const { index } = this.library;
    index.setTags(changes);
    for (const { id, tags } of changes) this.pending.set(id, tags);
    await this.write();
    return changes.map(({ id }) => ({ id, rev: index.table.tagsRev[id]! }));
  }

  /** Adds a class behind all others. */
  async addClass(name: string): Promise<void> {
    await this.library.listed();
    const { index } = this.library;
    if (index.classes.includes(name)) return;
    this.refuseFixed();
    checkNewClass(name, index.classes);
    await this.library.addClass(name);
    index.classOf(name);
  }

  /** Ends a conflict with another program: with the tags of its file, or with those of the studio written over them. */
  async reload(keep: "file" | "mine"): Promise<void> {
    if (keep === "file") this.pending.clear();
    this.isChangedOutside = false;
    await this.library.list();
    if (this.pending.size > 0) await this.write();
  }

  /** Waits for what is being written. */
  async close(): Promise<void> {
    await this.writing?.catch(() => undefined);
  }

  private refuseFixed(): void {
    const { tagsFixed } = this.library.index.table.head;
    if (tagsFixed !== null) throw new RequestError(400, "tags-fixed", tagsFixed);
    if (!this.isChangedOutside) return;
    throw new RequestError(409, "tags-changed-outside", changedOutside);
  }

  private check(changes: readonly NewTags[]): void {
    this.refuseFixed();
    const { index } = this.library;
    const { table, classes } = index;
    const start = table.head.imageFolder === "" ? 0 : table.head.imageFolder.length + 1;
    for (const { id, tags = [] } of changes) {
      if (!table.has(id)) throw notFound(`There is no image ${id}.`);
      const unknown = tags.find((tag) => tag >= classes.length);
      if (unknown !== undefined) {
        throw new UserError(`tags: there is no class ${unknown}; there are ${classes.length}`);
      }
      const problem = unnamable(table.file(id).slice(start));
      if (problem !== undefined) throw new RequestError(400, "unnamable", problem);
    }
    const stale = changes.filter(({ id, rev }) => rev !== table.tagsRev[id]);
    if (stale.length === 0) return;
    const current = stale.map(({ id }) => {
      return { id, rev: table.tagsRev[id]!, tags: [...table.tags(id)] };
    });
    throw conflict("The tags were changed meanwhile.", { current });
  }

  /** Writes everything that waits, after a moment in which more may come. */
  private write(): Promise<void> {
    this.writing ??= new Promise((resolve) => setTimeout(resolve, collecting)).then(() => {
      this.writing = undefined;
      return this.writeNow();
    });
    return this.writing;
  }

  private last: Promise<void> = Promise.resolve();

  private writeNow(): Promise<void> {
    const batch = this.pending;
    const work = this.last.then(() => this.writeBatch(new Map(batch)));
    this.last = work.catch(() => undefined);
    return work;
  }

  private async writeBatch(
    batch: ReadonlyMap<number, readonly number[] | undefined>,
  ): Promise<void> {
    const { index } = this.library;
    const named = [...batch].map(([id, tags]) => {
      const names = tags?.map((tag) => index.classes[tag]!) ?? null;
      return { id, file: index.table.file(id), tags: names };
    });
    const isNew = index.table.head.tagsFile === null;
    let isWritten: boolean;
    try {
      isWritten = await this.library.writeTags(named);
    } catch (error) {
      for (const id of batch.keys()) this.pending.delete(id);
      await this.library.list();
      throw error;
    }
    if (!isWritten) {
      this.isChangedOutside = true;
      this.library.announce();
      throw new RequestError(409, "tags-changed-outside", changedOutside);
    }
    // What was changed again meanwhile still waits.
    for (const [id, tags] of batch) if (this.pending.get(id) === tags) this.pending.delete(id);
    if (isNew) await this.library.list();
  }

  /** Puts changes that wait over a listing that does not have them. */
  private reapply(): void {
    const changes = [...this.pending].map(([id, tags]) => ({ id, tags }));
    if (changes.length > 0) this.library.index.setTags(changes);
  }
}

const changedOutside =
  "Another program has changed the file of the tags: choose whether its tags or yours are kept.";
