import type { Verdict } from "../../protocol.ts";

/** What a person did to an image's mask, on its way to the server. */
export type MaskChange =
  /** `patch`: an encoded patch */
  | { readonly kind: "patch"; readonly patch: Uint8Array }
  | { readonly kind: "verdict"; readonly verdict: Verdict };

/** A change that the server does not have yet. */
export interface KeptChange {
  readonly change: MaskChange;
  readonly id: number;
  /** Name and content of the image, by which it is found again after the list of images has changed. */
  readonly name: string;
  readonly version: string;
  /** Revision of the mask that the change was made on. */
  readonly rev: number;
}

interface Stored extends KeptChange {
  /** Absolute path of the data: another studio may use the same address another day. */
  readonly root: string;
  /** The tab that sends it. */
  readonly tab: string;
}

const lockName = (tab: string): string => `tag2mask-tab-${tab}`;

/**
 * Changes that are not stored by the server yet, in the browser's own database, so that they outlive the tab. Each tab takes
 * over what tabs that are gone have left.
 */
export class KeptChanges {
  readonly #root: string;
  readonly #tab = crypto.randomUUID();
  readonly #database: Promise<IDBDatabase>;

  constructor(root: string) {
    this.#root = root;
    this.#database = open();
    // Held until the tab is gone, whatever ends it.
    void navigator.locks.request(lockName(this.#tab), () => new Promise(() => undefined));
  }

  /** @returns the key to forget it by */
  async add(kept: KeptChange): Promise<number> {
    const stored: Stored = { ...kept, root: this.#root, tab: this.#tab };
    return Number(await this.#do("readwrite", (store) => store.add(stored)));
  }

  async forget(key: number): Promise<void> {
    await this.#do("readwrite", (store) => store.delete(key));
  }

  /** Changes of tabs that are gone, in their order; they belong to this tab from now on. */
  async takeOver(): Promise<readonly (KeptChange & { readonly key: number })[]> {
    return navigator.locks.request("tag2mask-take-over", async () => {
      const { held = [] } = await navigator.locks.query();
      const living = new Set(held.map(({ name }) => name));
      const keys = await this.#do("readonly", (store) => store.getAllKeys());
      const found: (KeptChange & { key: number })[] = [];
      for (const key of keys) {
        const stored = (await this.#do("readonly", (store) => store.get(key))) as
          Stored | undefined;
        if (stored?.root !== this.#root || living.has(lockName(stored.tab))) continue;
        await this.#do("readwrite", (store) => store.put({ ...stored, tab: this.#tab }, key));
        found.push({ ...stored, key: Number(key) });
      }
      return found;
    });
  }

  async #do<T>(
    mode: IDBTransactionMode,
    work: (store: IDBObjectStore) => IDBRequest<T>,
  ): Promise<T> {
    const transaction = (await this.#database).transaction("changes", mode);
    return settled(work(transaction.objectStore("changes")));
  }
}

function open(): Promise<IDBDatabase> {
  const opening = indexedDB.open("tag2mask-review", 1);
  opening.onupgradeneeded = () => {
    opening.result.createObjectStore("changes", { autoIncrement: true });
  };
  return settled(opening);
}

function settled<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error ?? new Error("The browser's database failed."));
  });
}
