import { join } from "node:path";
import type { Host } from "../../../host/host.ts";
import { conflict } from "../failure.ts";
import { jobInChild } from "../child-process.ts";
import type { Drafts } from "../../protocol.ts";
import type { Events, Images, IndexedImage } from "../studio.ts";
import type { DraftFacts } from "./draft-files.ts";
import { draftFiles } from "./draft-files.ts";
import type { DraftProgress, DraftRequest } from "./draft-process.ts";
import type { DraftStore } from "./draft-store.ts";
import type { ModelPlace } from "./model-work.ts";

export interface DraftingOptions {
  readonly host: Host;
  readonly events: Events;
  readonly images: Images;
  /** Names of the classes that the draft of an image is limited to; null for all. */
  readonly tagsOf: (image: IndexedImage) => readonly string[] | null;
}

/** Milliseconds over which what was drafted is told at once. */
const tellEvery = 250;

/** Images that are listed before others are answered. */
const itemsAtOnce = 1000;

/** Names of an image's classes; null where they are not known. */
export function tagNames(image: IndexedImage, classes: readonly string[]): string[] | null {
  return image.untagged ? null : image.tags.map((tag) => classes[tag]!);
}

/** Masks of all images by a model, made in a process of its own. */
export class Drafting {
  private state: Drafts = {
    ...{ model: null, state: "none", done: 0, total: 0, eta: null, error: null },
  };
  private controller: AbortController | undefined;
  private working: Promise<void> = Promise.resolve();

  constructor(private readonly options: DraftingOptions) {}

  get drafts(): Drafts {
    return this.state;
  }

  get isRunning(): boolean {
    return this.state.state === "running";
  }

  /** Shows the state of drafts that are not being made. */
  show(state: Omit<Drafts, "eta" | "error">): void {
    if (!this.isRunning) this.set({ eta: null, error: null, ...state });
  }

  /**
   * Makes the drafts that are missing.
   * @param open prepares the store, which says how masks are made
   * @returns once they are made, stopped or failed; true if all are made
   */
  async run(place: ModelPlace, open: () => Promise<DraftStore>): Promise<boolean> {
    if (this.isRunning) {
      throw conflict(`The masks of ${this.state.model} are being made; stop that first.`);
    }
    const controller = new AbortController();
    this.controller = controller;
    const { images } = this.options;
    const total = images.count;
    this.set({ model: place.id, state: "running", done: 0, total, eta: null, error: null });
    const work = this.make(place, open, controller.signal);
    this.working = work.then(
      () => undefined,
      () => undefined,
    );
    try {
      const isWhole = await work;
      this.set({ ...this.state, state: isWhole ? "done" : "stopped", eta: null });
      return isWhole;
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      const isStop = controller.signal.aborted;
      this.set({
        ...{ ...this.state, eta: null },
        ...(isStop ? { state: "stopped" } : { state: "failed", error: message }),
      });
      return false;
    }
  }

  /** Stops after the image under way. */
  async stop(): Promise<void> {
    this.controller?.abort();
    await this.working;
  }

  private async make(
    place: ModelPlace,
    open: () => Promise<DraftStore>,
    signal: AbortSignal,
  ): Promise<boolean> {
    const store = await open();
    const { folder, about } = store;
    if (signal.aborted || !about) return false;
    await this.writeItems(folder);
    const request: DraftRequest = {
      ...{ folder, model: place.path, device: place.device, from: about.from },
      ...(about.method && { method: about.method }),
    };
    const module = new URL("./draft-process", import.meta.url);
    const start = performance.now();
    let [made, passed, toldAt] = [0, 0, performance.now()];
    let facts: DraftFacts[] = [];
    const tell = (): void => {
      tellFacts(this.options.images, facts);
      facts = [];
      const done = made + passed;
      const seconds = (performance.now() - start) / 1000;
      const eta = made > 0 ? (seconds / made) * Math.max(0, this.state.total - done) : null;
      this.set({ ...this.state, done, eta });
      toldAt = performance.now();
    };
    for await (const event of jobInChild<DraftProgress>(module, request, { signal })) {
      if (event.type === "passed") passed += event.images;
      else {
        made++;
        store.note(event.facts);
        facts.push(event.facts);
      }
      if (performance.now() - toldAt > tellEvery) tell();
    }
    tell();
    return !signal.aborted && made + passed >= this.state.total;
  }

  /** Lists the images for the process, with others answered in between. */
  private async writeItems(folder: string): Promise<void> {
    const { host, images, tagsOf } = this.options;
    await images.complete;
    const stream = await host.store.writeStream(join(folder, draftFiles.items));
    let total = 0;
    try {
      for (let first = 0; first < images.count; first += itemsAtOnce) {
        const lines: string[] = [];
        for (let id = first; id < Math.min(images.count, first + itemsAtOnce); id++) {
          const image = images.at(id);
          if (!image) continue;
          const item = { name: image.name, file: image.path, tags: tagsOf(image) };
          lines.push(`${JSON.stringify(item)}\n`);
        }
        total += lines.length;
        await stream.write(lines.join(""));
      }
      await stream.finish();
    } catch (error) {
      await stream.discard();
      throw error;
    }
    this.set({ ...this.state, total });
  }

  private set(state: Drafts): void {
    const isNew = JSON.stringify(state) !== JSON.stringify(this.state);
    this.state = state;
    if (isNew) this.options.events.publish({ type: "drafts", drafts: state });
  }
}

/** Shows what was found out about drafts in the lists of images. */
export function tellFacts(images: Images, facts: readonly DraftFacts[]): void {
  const changes = facts.flatMap(({ name, confidence, missing }) => {
    const id = images.named(name)?.id;
    const tags = missing.map((tag) => images.classes.indexOf(tag)).filter((tag) => tag >= 0);
    return id === undefined ? [] : [{ id, facts: { hasDraft: true, confidence, missing: tags } }];
  });
  if (changes.length > 0) images.setFacts(changes);
}
