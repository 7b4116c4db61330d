import type { ImageDetails, TagChanges } from "../../protocol.ts";
import { RequestFailed, sendJson } from "../api.ts";
import type { DetailsStore } from "./details-store.ts";
import { inverse, isSame, mergeChange, type TagChange, type TagState } from "./tag-change.ts";

/** Attempts for changes that others make at the same time. */
const mostAttempts = 8;
const mostUndos = 200;

export interface EditorHost {
  readonly details: DetailsStore;
  /** Counts work as not saved until it is done; repeats it after the server was away. */
  save<T>(work: () => Promise<T>): Promise<T>;
  /** Others had changed the tags of so many images, and the change was made on theirs. */
  merged(images: number): void;
  failed(error: unknown): void;
  /** What can be undone changed. */
  changed(): void;
}

/**
 * Changes tags: shown at once, stored one change after the other, each whole or not at all. One undo takes back one change, of
 * however many images.
 */
export class TagEditor {
  #done: (readonly TagChange[])[] = [];
  #undone: (readonly TagChange[])[] = [];
  #queue: Promise<void> = Promise.resolve();
  /** Images whose tags on the screen are newer than the server's. */
  readonly #unsaved = new Map<number, number>();

  constructor(readonly host: EditorHost) {}

  get canUndo(): boolean {
    return this.#done.length > 0;
  }

  get canRedo(): boolean {
    return this.#undone.length > 0;
  }

  isUnsaved(id: number): boolean {
    return this.#unsaved.has(id);
  }

  /** Changes the tags of images. @returns how many were changed */
  async change(
    ids: readonly number[],
    after: (state: TagState, id: number) => TagState,
  ): Promise<number> {
    const details = await this.host.details.all(ids);
    const changes = details
      .map((one): TagChange => {
        const before = { tags: one.tags, untagged: one.untagged };
        return { id: one.id, before, after: after(before, one.id) };
      })
      .filter((change) => !isSame(change.before, change.after));
    if (changes.length === 0) return 0;
    this.#done = [...this.#done, changes].slice(-mostUndos);
    this.#undone = [];
    this.host.changed();
    await this.#apply(changes);
    return changes.length;
  }

  /** @returns how many images were changed */
  async undo(): Promise<number> {
    const changes = this.#done.pop();
    if (changes === undefined) return 0;
    this.#undone.push(changes);
    this.host.changed();
    await this.#apply(changes.map(inverse));
    return changes.length;
  }

  async redo(): Promise<number> {
    const changes = this.#undone.pop();
    if (changes === undefined) return 0;
    this.#done.push(changes);
    this.host.changed();
    await this.#apply(changes);
    return changes.length;
  }

  /** Shows changes at once, and stores them after those before. */
  async #apply(changes: readonly TagChange[]): Promise<void> {
    for (const { id } of changes) this.#unsaved.set(id, (this.#unsaved.get(id) ?? 0) + 1);
    await this.#show(changes);
    this.#queue = this.#queue.then(async () => {
      const failure = await this.host
        .save(() => this.#store(changes))
        .then(
          () => undefined,
          (error: unknown) => ({ error }),
        );
      for (const { id } of changes) this.#settle(id);
      if (failure === undefined) return;
      this.host.failed(failure.error);
      // What is shown is not what is stored.
      await this.host.details.fetch(changes.map(({ id }) => id)).catch(this.host.failed);
    });
  }

  #settle(id: number): void {
    const left = this.#unsaved.get(id)! - 1;
    if (left > 0) this.#unsaved.set(id, left);
    else this.#unsaved.delete(id);
  }

  async #show(changes: readonly TagChange[]): Promise<void> {
    const details = await this.host.details.all(changes.map(({ id }) => id));
    const byId = new Map(changes.map((change) => [change.id, change]));
    this.host.details.put(
      details.map((one) => ({ ...one, ...fieldsOf(mergeChange(byId.get(one.id)!, one)) })),
    );
  }

  async #store(changes: readonly TagChange[]): Promise<void> {
    const states = new Map(changes.map(({ id, after }) => [id, after]));
    const revs = new Map(
      (await this.host.details.all(changes.map(({ id }) => id))).map((one) => [
        one.id,
        one.tagsRev,
      ]),
    );
    let merged = 0;
    for (let attempt = 1; ; attempt++) {
      try {
        const sent = [...states].map(([id, state]) => ({
          id,
          rev: revs.get(id)!,
          ...fieldsOf(state),
        }));
        const body: TagChanges = { changes: sent };
        const answer = await sendJson<{ revs: { id: number; rev: number }[] }>(
          "PUT",
          "/api/tags",
          body,
        );
        this.#stored(answer.revs, states);
        if (merged > 0) this.host.merged(merged);
        return;
      } catch (error) {
        if (!(error instanceof RequestFailed) || error.status !== 409) throw error;
        if (attempt === mostAttempts) throw error;
        merged = this.#takeOver(await this.#current(error, changes), changes, states, revs);
      }
    }
  }

  /** How the server has the images whose revisions were not the current ones. */
  async #current(
    error: RequestFailed,
    changes: readonly TagChange[],
  ): Promise<readonly ImageDetails[]> {
    const named = error.failure["current"] as readonly { readonly id: number }[] | undefined;
    const ids = (named ?? changes).map(({ id }) => id);
    return this.host.details.fetchDetails(ids.slice(0, 500));
  }

  /** Makes the changes on what others have stored. @returns the number of images where that was not what was seen */
  #takeOver(
    current: readonly ImageDetails[],
    changes: readonly TagChange[],
    states: Map<number, TagState>,
    revs: Map<number, number>,
  ): number {
    const byId = new Map(changes.map((change) => [change.id, change]));
    let merged = 0;
    for (const one of current) {
      const change = byId.get(one.id);
      if (change === undefined) continue;
      // What was sent before the answer was lost stands there already.
      if (!isSame(one, change.before) && !isSame(one, change.after)) merged++;
      states.set(one.id, mergeChange(change, one));
      revs.set(one.id, one.tagsRev);
    }
    return merged;
  }

  #stored(
    revs: readonly { readonly id: number; readonly rev: number }[],
    states: ReadonlyMap<number, TagState>,
  ): void {
    const stored = revs.flatMap(({ id, rev }) => {
      const known = this.host.details.get(id);
      if (known === undefined) return [];
      // Later changes that are shown already stay.
      const isLast = this.#unsaved.get(id) === 1;
      return [{ ...known, ...(isLast ? fieldsOf(states.get(id)!) : {}), tagsRev: rev }];
    });
    this.host.details.put(stored);
  }
}

function fieldsOf({ tags, untagged }: TagState): { tags: number[]; untagged: boolean } {
  return { tags: [...tags], untagged };
}
