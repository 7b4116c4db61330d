import type { LabelMap } from "../../../method/images/image.ts";
import { applyPatch, decodePatch, encodeMask } from "../../patches.ts";
import type { ImageDetails } from "../../protocol.ts";
import { getJson, getMask, RequestFailed, sendJson } from "../api.ts";
import { messageOf } from "../parts/message.ts";
import { findImage } from "./find-image.ts";
import { KeptChanges, type MaskChange } from "./kept-changes.ts";

export type ImageName = Pick<ImageDetails, "id" | "name" | "version">;

interface Entry {
  change: MaskChange;
  /** Key in the browser's database; undefined if it could not be stored there. */
  readonly key: Promise<number | undefined>;
}

/** The mask was changed elsewhere since the revision that changes here were made on. */
export interface Conflict {
  readonly image: ImageName;
  readonly mine: LabelMap;
  readonly theirs: LabelMap;
  /** My changes, and those of the other where I changed nothing. */
  readonly both: LabelMap;
  readonly rev: number;
}

/** The changes of one image that wait. */
interface Lane {
  readonly image: ImageName;
  /** Revision of the server's mask, as far as it is known here. */
  rev: number;
  /** The mask at `rev`; unknown for what an earlier tab has left. */
  base: LabelMap | undefined;
  readonly entries: Entry[];
  conflict?: Conflict;
  /** Why the server does not take the first change. */
  refusal?: string;
  /** Whether the server was away since, so that another one may have come back, where the id is another image's. */
  isUnsure?: boolean;
}

export interface OutboxOptions {
  readonly root: string;
  /** Repeats the work until the server could be reached. */
  readonly save: <T>(work: () => Promise<T>) => Promise<T>;
  /** A change was refused for good. */
  readonly onRefused: (name: string, message: string) => void;
  /** Changes cannot be kept in the browser: they are lost if the tab is closed before they are sent. */
  readonly onNotKept: (reason: string) => void;
  /** Changes of tabs that are gone are sent now; some images of such changes are not there any more. */
  readonly onTakenOver: (taken: number, lost: number) => void;
}

/** Most bytes of changes that are kept in the browser's database. */
const mostKeptBytes = 256 << 20;
/** Pauses after a failure of the server itself, in ms. */
const firstPauseMs = 1000;
const longestPauseMs = 30_000;

/** Sends the changes of masks in their order, one after the other, and keeps them until the server has them on its disk. */
export class Outbox {
  readonly #options: OutboxOptions;
  readonly #kept: KeptChanges;
  readonly #lanes = new Map<number, Lane>();
  readonly #watchers = new Set<() => void>();
  /** Resolves when what earlier tabs have left is among the changes that wait. */
  readonly #tookOver: Promise<void>;
  #isSending = false;
  #keptBytes = 0;
  #isTold = false;
  #version = 0;

  constructor(options: OutboxOptions) {
    this.#options = options;
    this.#kept = new KeptChanges(options.root);
    this.#tookOver = this.#takeOver().catch((error: unknown) => this.#tell(String(error)));
  }

  watch = (changed: () => void): (() => void) => {
    this.#watchers.add(changed);
    return () => void this.#watchers.delete(changed);
  };

  version = (): number => this.#version;

  get conflicts(): readonly Conflict[] {
    return [...this.#lanes.values()].flatMap(({ conflict }) => conflict ?? []);
  }

  /** Images of which the server does not take the changes, and why. */
  get refusals(): readonly { readonly image: ImageName; readonly message: string }[] {
    return [...this.#lanes.values()].flatMap(({ image, refusal }) =>
      refusal === undefined ? [] : { image, message: refusal },
    );
  }

  /** Sends again what was refused. */
  retry(): void {
    for (const lane of this.#lanes.values()) delete lane.refusal;
    this.#changed();
    void this.#send();
  }

  /** The revision that changes of an image would be made on; undefined for one not opened. */
  revOf(id: number): number | undefined {
    return this.#lanes.get(id)?.rev;
  }

  isWaiting(id: number): boolean {
    return (this.#lanes.get(id)?.entries.length ?? 0) > 0;
  }

  /** Opens an image whose mask was just fetched. Changes of it that still wait are written into the given mask. */
  open(image: ImageName, rev: number, map: LabelMap): void {
    const lane = this.#lanes.get(image.id);
    if (lane === undefined || lane.entries.length === 0) {
      const base = { ...map, data: map.data.slice() };
      this.#lanes.set(image.id, { image, rev, base, entries: [] });
    } else writeChanges(map, lane.entries);
  }

  /** Takes a change over, to be sent at once. */
  add(image: ImageName, change: MaskChange): void {
    const lane = this.#lanes.get(image.id);
    if (lane === undefined) throw new RangeError(`outbox: image ${image.id} was not opened`);
    const rev = lane.rev + lane.entries.filter(({ change: { kind } }) => kind === "patch").length;
    const { id, name, version } = image;
    lane.entries.push({ change, key: this.#keep({ id, name, version, change, rev }) });
    if (lane.conflict) lane.conflict = conflictOf(lane, lane.conflict.theirs, lane.conflict.rev);
    this.#changed();
    void this.#send();
  }

  /** Resolves when nothing of an image waits any more, or cannot be sent. */
  async drained(id: number): Promise<void> {
    await this.#tookOver;
    const isDone = (): boolean => {
      const lane = this.#lanes.get(id);
      return lane === undefined || lane.entries.length === 0 || isHeld(lane);
    };
    while (!isDone()) {
      await new Promise<void>((resolve) => {
        const end = this.watch(() => {
          end();
          resolve();
        });
      });
    }
  }

  /** Settles a conflict with one of the masks: changes that wait are replaced by it, or dropped for the other's. */
  settle(conflict: Conflict, choice: "mine" | "theirs" | "both"): void {
    const lane = this.#lanes.get(conflict.image.id);
    if (lane?.conflict !== conflict) return;
    delete lane.conflict;
    lane.rev = conflict.rev;
    lane.base = { ...conflict.theirs, data: conflict.theirs.data.slice() };
    const waiting = lane.entries.splice(0);
    for (const entry of waiting) this.#forget(entry);
    if (choice !== "theirs") {
      this.add(lane.image, { kind: "patch", patch: encodeMask(conflict[choice]) });
      for (const { change } of waiting) if (change.kind === "verdict") this.add(lane.image, change);
    }
    this.#changed();
    void this.#send();
  }

  /** Takes over what tabs that are gone could not send. */
  async #takeOver(): Promise<void> {
    let taken = 0;
    let lost = 0;
    for (const { key, change, rev, ...image } of await this.#kept.takeOver()) {
      const found = await this.#options.save(() => findImage(image.id, image.name));
      if (found === undefined) {
        lost++;
        continue;
      }
      let lane = this.#lanes.get(image.id);
      if (lane === undefined) {
        lane = { image: found, rev, base: undefined, entries: [] };
        this.#lanes.set(image.id, lane);
      }
      lane.entries.push({ change, key: Promise.resolve(key) });
      taken++;
    }
    this.#changed();
    void this.#send();
    if (taken + lost > 0) this.#options.onTakenOver(taken, lost);
  }

  async #send(): Promise<void> {
    if (this.#isSending) return;
    this.#isSending = true;
    for (;;) {
      const lane = [...this.#lanes.values()].find((one) => one.entries.length > 0 && !isHeld(one));
      if (lane === undefined) break;
      const [entry] = lane.entries as [Entry, ...Entry[]];
      try {
        const rev = await this.#options.save(() => this.#deliver(lane, entry.change));
        this.#acknowledge(lane, entry, rev);
      } catch (error) {
        if (error instanceof RequestFailed && error.status === 409) {
          await this.#compare(lane, entry).catch((reason: unknown) => this.#refuse(lane, reason));
        } else this.#refuse(lane, error);
      }
      this.#changed();
    }
    this.#isSending = false;
  }

  /** Sends a change again and again while the server has a failure of its own, such as a full disk, which is told once. */
  async #deliver(lane: Lane, change: MaskChange): Promise<number> {
    for (let pause = firstPauseMs; ; pause = Math.min(2 * pause, longestPauseMs)) {
      try {
        return await this.#attempt(lane, change);
      } catch (error) {
        if (!(error instanceof RequestFailed) || error.status < 500) throw error;
        if (pause === firstPauseMs) this.#options.onRefused(lane.image.name, error.message);
        await new Promise((resolve) => setTimeout(resolve, pause));
      }
    }
  }

  async #attempt(lane: Lane, change: MaskChange): Promise<number> {
    const { id, name } = lane.image;
    if (lane.isUnsure && (await findImage(id, name)) === undefined) {
      throw new RequestFailed(404, { code: "not-found", message: "The image is gone." });
    }
    lane.isUnsure = false;
    try {
      return await send(lane, change);
    } catch (error) {
      if (error instanceof RequestFailed && error.status === 0) {
        for (const one of this.#lanes.values()) one.isUnsure = true;
      }
      throw error;
    }
  }

  #acknowledge(lane: Lane, entry: Entry, rev: number): void {
    lane.rev = rev;
    if (lane.base) writeChanges(lane.base, [entry]);
    lane.entries.shift();
    this.#forget(entry);
  }

  /** The server has another revision: because its answer to this very change was lost, or because of somebody else's change. */
  async #compare(lane: Lane, entry: Entry): Promise<void> {
    const stored = await this.#options.save(() => getMask(lane.image.id));
    const theirs = stored.labels;
    if (theirs === null) throw new Error("The mask is gone.");
    const expected = { ...theirs, data: (lane.base ?? theirs).data.slice() };
    writeChanges(expected, [entry]);
    if (isSame(expected.data, theirs.data)) {
      // A verdict is sent again, on the new revision; the mask it is about is the same.
      if (entry.change.kind === "patch") this.#acknowledge(lane, entry, stored.rev);
      else lane.rev = stored.rev;
      return;
    }
    lane.conflict = conflictOf(lane, theirs, stored.rev);
  }

  #refuse(lane: Lane, error: unknown): void {
    lane.refusal = messageOf(error);
    this.#options.onRefused(lane.image.name, lane.refusal);
  }

  async #keep(kept: Parameters<KeptChanges["add"]>[0]): Promise<number | undefined> {
    const bytes = sizeOf(kept.change);
    if (this.#keptBytes + bytes > mostKeptBytes) return void this.#tell("full");
    this.#keptBytes += bytes;
    try {
      return await this.#kept.add(kept);
    } catch (error) {
      return void this.#tell(messageOf(error));
    }
  }

  #forget({ key, change }: Entry): void {
    void key.then((known) => {
      if (known === undefined) return;
      this.#keptBytes -= sizeOf(change);
      return this.#kept.forget(known);
    });
  }

  #tell(reason: string): void {
    if (!this.#isTold) this.#options.onNotKept(reason);
    this.#isTold = true;
  }

  #changed(): void {
    this.#version++;
    for (const watcher of [...this.#watchers]) watcher();
  }
}

function conflictOf(lane: Lane, theirs: LabelMap, rev: number): Conflict {
  const base = lane.base?.data;
  const mine = (base ?? theirs.data).slice();
  writeChanges({ ...theirs, data: mine }, lane.entries);
  const both = base ? mine.map((label, i) => (label === base[i] ? theirs.data[i]! : label)) : mine;
  const { width, height } = theirs;
  return {
    image: lane.image,
    mine: { width, height, data: mine },
    theirs,
    both: { width, height, data: both },
    rev,
  };
}

function isHeld({ conflict, refusal }: Lane): boolean {
  return conflict !== undefined || refusal !== undefined;
}

function sizeOf(change: MaskChange): number {
  return change.kind === "patch" ? change.patch.length : 0;
}

/** Sends one change; resolves with the new revision once it is on the server's disk. */
async function send({ image, rev }: Lane, change: MaskChange): Promise<number> {
  if (change.kind === "verdict") {
    const body = { rev, verdict: change.verdict };
    const path = `/api/images/${image.id}/verdict`;
    return (await sendJson<{ rev: number }>("POST", path, body)).rev;
  }
  const answer = await getJson<{ rev: number }>(`/api/images/${image.id}/strokes`, {
    method: "POST",
    headers: { "content-type": "application/octet-stream", "if-match": String(rev) },
    body: change.patch as Uint8Array<ArrayBuffer>,
  });
  return answer.rev;
}

function writeChanges(map: LabelMap, entries: readonly Entry[]): void {
  for (const { change } of entries) {
    if (change.kind === "patch") applyPatch(map, decodePatch(change.patch));
  }
}

function isSame(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((label, i) => label === b[i]);
}
