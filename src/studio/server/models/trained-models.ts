import { readdir, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import type { DeviceName } from "../../../host/devices.ts";
import { findModelFile } from "../../../files/run/find-weights.ts";
import type { LabelMap } from "../../../method/images/image.ts";
import type { Affinity } from "../../../method/labels/index.ts";
import { areLayers, decodeLayers } from "../../layers.ts";
import { decodeMask } from "../../patches.ts";
import type { Comparison, Drafts, Model, Run, Suggestions } from "../../protocol.ts";
import { conflict, notFound } from "../failure.ts";
import type { IndexedImage, Library, Masks, Models } from "../studio.ts";
import type { FollowedRun } from "../training/followed-run.ts";
import { Runs } from "../training/runs.ts";
import { compareMasks, type ComparedImage } from "./compare-models.ts";
import { imageStamp, labeling, methodKey, type DraftMethod } from "./draft-files.ts";
import { DraftStore } from "./draft-store.ts";
import { Drafting, tagNames, tellFacts } from "./drafting.ts";
import { labelTable, relabeled } from "./layers-of.ts";
import { LayerCache } from "./layer-cache.ts";
import { ModelQueue, priorities, type AskOptions } from "./model-queue.ts";
import { tokenBytes, type ModelPlace, type WorkImage } from "./model-work.ts";
import { sampleOf } from "./sample-of.ts";

/** Least probability of a tag that is suggested. */
const leastScore = 0.05;

/** What the models need of the masks; they are opened later, as drafts are masks. */
export type MasksOfModels = Pick<Masks, "corrected" | "read"> & {
  /** Puts all strokes into the files of corrections. */
  flush(): Promise<void>;
};

export interface TrainedModelsOptions {
  /** The masks of the same studio, once they are open. */
  readonly masks: () => MasksOfModels;
  /** Whether drafts are limited to the tags of their images, where these are known. */
  readonly knownTags: () => boolean;
}

/** Trained models: their runs, their drafts, and what the process that computes with them answers. */
export class TrainedModels implements Models {
  private readonly queue = new ModelQueue();
  private readonly stores = new Map<string, DraftStore>();
  private readonly drafting: Drafting;
  /** Stamps of weights, by run and checkpoint. */
  private readonly stamps = new Map<string, string>();

  private constructor(
    private readonly library: Library,
    readonly trainings: Runs,
    private readonly cache: LayerCache,
    private readonly options: TrainedModelsOptions,
  ) {
    this.drafting = new Drafting({ ...library, tagsOf: (image) => this.draftTags(image) });
  }

  static async open(library: Library, options: TrainedModelsOptions): Promise<TrainedModels> {
    const { folder } = library;
    const { masks } = options;
    const late = { corrected: () => masks().corrected(), flush: () => masks().flush() };
    const runs = await Runs.open({ ...library, masks: late });
    const cache = await LayerCache.open(join(folder, "layers"));
    const models = new TrainedModels(library, runs, cache, options);
    runs.onEnd((run) => models.afterTraining(run));
    void library.images.complete.then(() => models.openDrafts());
    return models;
  }

  list(): Model[] {
    return this.usable().map((run) => ({
      id: run.id,
      step: run.summary.best ?? run.summary.checkpoint!,
      meanIou: run.summary.meanIou,
      drafts: this.stores.get(run.id)?.count ?? 0,
      method: this.stores.get(run.id)?.about?.method ?? null,
    }));
  }

  get current(): Model | undefined {
    return this.list()[0];
  }

  runs(): readonly Run[] {
    return this.trainings.list();
  }

  drafts(): Drafts {
    return this.drafting.drafts;
  }

  async draft(id: number): Promise<LabelMap | undefined> {
    const [run] = this.usable();
    return run && this.draftOf(run, this.image(id));
  }

  /** What a model sees in an image, as `encodeLayers` has it. */
  async layers(id: number, model: string, options: AskOptions): Promise<Uint8Array> {
    const { files, place, work } = await this.look(id, model);
    const stored = await this.cache.read(files.layers);
    // An earlier version had another layout.
    if (stored && areLayers(stored)) return stored;
    const { classes } = this.library.images;
    const asked = { do: "layers", model: place, image: work, classes, files } as const;
    const { bytes, affinityBytes } = await this.queue.ask(asked, {
      ...options,
      key: `layers ${files.layers}`,
    });
    await this.cache.added(files.layers, bytes.length);
    if (affinityBytes > 0) await this.cache.added(files.affinity, affinityBytes);
    return bytes;
  }

  /** What a token of an image has to do with the others: three arrays of f32, one after the other. */
  async token(id: number, model: string, token: number, options: AskOptions): Promise<Uint8Array> {
    const { head } = decodeLayers(await this.layers(id, model, options));
    const { width, height } = head.tokens;
    if (token >= width * height) throw notFound(`There is no token ${token} of ${width * height}.`);
    const { files, place, work } = await this.look(id, model);
    const bytes = await this.cache.read(files.affinity);
    if (bytes?.length === 4 * (width * height) ** 2) {
      const aligned = bytes.byteOffset % 4 === 0 ? bytes : bytes.slice();
      const data = new Float32Array(aligned.buffer, aligned.byteOffset, aligned.length / 4);
      const affinity: Affinity = { width, height, data };
      return tokenBytes(affinity, token, head.thresholds.radius);
    }
    return (await this.queue.ask({ do: "token", model: place, image: work, token }, options)).bytes;
  }

  /** Tags that the current model sees in images. */
  async suggest(ids: readonly number[], signal?: AbortSignal): Promise<Suggestions> {
    const [run] = this.usable();
    if (!run) throw notFound("There is no model yet that could suggest tags.");
    const place = await this.placeOf(run);
    const { classes } = this.library.images;
    const images = await Promise.all(
      ids.map(async (id) => {
        const image = { file: this.image(id).path, tags: null };
        const asked = { do: "suggest", model: place, image } as const;
        const { scores } = await this.queue.ask(asked, { priority: priorities.aside, signal });
        const tags = scores
          .map(({ name, score }) => ({ tag: classes.indexOf(name), score }))
          .filter(({ tag, score }) => tag >= 0 && score >= leastScore);
        return { id, tags };
      }),
    );
    return { model: run.id, images };
  }

  /**
   * Begins to make the drafts of a model that are missing, or goes on.
   * @param method makes all of them anew in this way, null in the way that fits the tags; by default as they were made before
   */
  async startDrafts(model: string, method?: DraftMethod | null): Promise<Drafts> {
    const run = this.model(model);
    const place = await this.placeOf(run);
    const isOther = (): boolean => this.drafting.drafts.model !== model;
    if (method !== undefined && this.drafting.isRunning && !isOther()) await this.drafting.stop();
    const { isRunning, drafts } = this.drafting;
    // Begun already, as they are after a training.
    if (isRunning && !isOther() && method === undefined) return drafts;
    if (isRunning) throw conflict(`The masks of ${drafts.model} are being made; stop that first.`);
    void this.makeDrafts(run, place, method);
    return this.drafting.drafts;
  }

  /** Drafts are wanted for other tags from now on: those that are looked at are made anew, all others when they are asked for. */
  outdateDrafts(): void {
    const { model } = this.drafting.drafts;
    const wasRunning = this.drafting.isRunning;
    const restart = async (): Promise<void> => {
      await this.drafting.stop();
      for (const store of this.stores.values()) store.outdate();
      this.library.events.publish({ type: "project" });
      if (wasRunning && model !== null) await this.startDrafts(model);
    };
    void restart().catch(() => undefined);
  }

  async stopDrafts(): Promise<Drafts> {
    const { model } = this.drafting.drafts;
    await this.drafting.stop();
    const store = model === null ? undefined : this.stores.get(model);
    if (store?.about) await store.setAbout({ ...store.about, isStopped: true });
    return this.drafting.drafts;
  }

  /** How near the masks of two models are to those that people corrected. */
  async compare(before: string, after: string): Promise<Comparison> {
    const runs = { before: this.model(before), after: this.model(after) };
    const { images } = this.library;
    const compared = async function* (this: TrainedModels): AsyncGenerator<ComparedImage> {
      for (const id of this.options.masks().corrected()) {
        const image = images.at(id);
        const { labels: truth, source } = await this.options.masks().read(id);
        if (!image || !truth || source !== "correction") continue;
        const one = await this.draftOf(runs.before, image, priorities.ahead);
        const other = await this.draftOf(runs.after, image, priorities.ahead);
        if (one && other) yield { id, truth, before: one, after: other };
      }
    };
    const scores = await compareMasks(compared.call(this), images.classes.length);
    return { ...scores, trainedOn: runs.after.run.corrections > 0 };
  }

  async close(): Promise<void> {
    await this.drafting.stop();
    await this.queue.close();
    await this.trainings.close();
  }

  /** Number of the process that computes with models, while there is one. */
  get process(): number | undefined {
    return this.queue.pid;
  }

  /** Runs that have weights and do not train, newest first. */
  private usable(): FollowedRun[] {
    return this.trainings.all().filter((run) => run.hasWeights && !run.isAlive);
  }

  private model(id: string): FollowedRun {
    const run = this.trainings.get(id);
    if (!run.hasWeights) throw notFound(`Run ${id} has no weights yet.`);
    return run;
  }

  private image(id: number): IndexedImage {
    const image = this.library.images.at(id);
    if (!image) throw notFound("There is no such image.");
    return image;
  }

  private draftTags(image: IndexedImage): readonly string[] | null {
    return this.options.knownTags() ? tagNames(image, this.library.images.classes) : null;
  }

  private async placeOf(run: FollowedRun): Promise<ModelPlace> {
    const { summary, facts, id, path } = run;
    const state = `${id} ${summary.checkpoint} ${summary.best} ${run.tail.markOf(1) ?? ""}`;
    let stamp = this.stamps.get(state);
    if (stamp === undefined) {
      const file = await findModelFile(this.library.host.store, path);
      const { size, mtimeMs } = await stat(file);
      stamp = `${size} ${mtimeMs}`;
      this.stamps.set(state, stamp);
    }
    const device = (facts?.device ?? "cpu") as DeviceName;
    return { id, path, device, stamp };
  }

  private async look(id: number, model: string) {
    const image = this.image(id);
    const place = await this.placeOf(this.model(model));
    const { classes } = this.library.images;
    const work: WorkImage = { file: image.path, tags: tagNames(image, classes) };
    const stamp = await imageStamp(image.path).catch(() => {
      throw notFound(`${image.file} cannot be read.`);
    });
    // Layers have the project's numbers of the classes in them.
    const numbers = (work.tags ?? classes).map((name) => [name, classes.indexOf(name)]);
    const facts = [image.name, stamp, place.stamp, work.tags === null, numbers];
    return { place, work, files: this.cache.paths(model, facts) };
  }

  /** The mask that a model drafts for an image: a stored one, else it is made now. */
  private async draftOf(
    run: FollowedRun,
    image: IndexedImage,
    priority: AskOptions["priority"] = priorities.shown,
  ): Promise<LabelMap | undefined> {
    const { images } = this.library;
    const tags = this.draftTags(image);
    const place = await this.placeOf(run);
    const store = await this.prepared(run, place);
    const stored = await store.read(image, tags, images.classes);
    if (stored) return stored;
    const stamp = await imageStamp(image.path).catch(() => undefined);
    if (stamp === undefined) return undefined;
    const work = { file: image.path, tags };
    const { method } = store.about!;
    const asked = { do: "draft", model: place, image: work, ...labeling(store.about!) } as const;
    const key = JSON.stringify(["draft", run.id, place.stamp, image.name, stamp, tags, method]);
    const drafted = await this.queue.ask(asked, { priority, key });
    // Others were asked for meanwhile.
    if (methodKey(store.about?.method) !== methodKey(method))
      return this.draftOf(run, image, priority);
    const { mask, classes, confidence, missing } = drafted;
    const facts = { name: image.name, tags, stamp, confidence, missing, ...(method && { method }) };
    await store.write(facts, mask);
    if (run === this.usable()[0]) tellFacts(images, [facts]);
    return relabeled(decodeMask(mask), labelTable(classes, images.classes));
  }

  /** The store of a model's drafts, which knows from which branch of the model masks come. */
  private prepared(run: FollowedRun, place: ModelPlace): Promise<DraftStore> {
    const key = `${run.id} ${place.stamp}`;
    const known = this.preparing.get(key);
    if (known) return known;
    const preparing = this.prepare(run, place);
    this.preparing.set(key, preparing);
    preparing.catch(() => this.preparing.delete(key));
    return preparing;
  }

  private readonly preparing = new Map<string, Promise<DraftStore>>();

  private async prepare(run: FollowedRun, place: ModelPlace): Promise<DraftStore> {
    const store = this.storeOf(run.id);
    if (!store.about) await store.open();
    if (store.about?.stamp === place.stamp) return store;
    const images = sampleOf(this.library.images);
    const { choice, classes } = await this.queue.ask({ do: "choose", model: place, images });
    const { source: from, reason } = choice;
    await store.begin({ stamp: place.stamp, classes, from, reason });
    return store;
  }

  private storeOf(id: string): DraftStore {
    const { host, folder } = this.library;
    const store = this.stores.get(id) ?? new DraftStore(host.store, join(folder, "drafts", id));
    this.stores.set(id, store);
    return store;
  }

  private async makeDrafts(
    run: FollowedRun,
    place: ModelPlace,
    method?: DraftMethod | null,
  ): Promise<void> {
    const { events } = this.library;
    const isWhole = await this.drafting.run(place, async () => {
      const store = await this.prepared(run, place);
      if (method !== undefined) await store.change(method);
      events.publish({ type: "project" });
      if (store.about!.isStopped) await store.setAbout({ ...store.about!, isStopped: false });
      return store;
    });
    if (isWhole) await this.storeOf(run.id).complete();
    if (isWhole && run === this.usable()[0]) await this.removeOlder(run.id);
    events.publish({ type: "project" });
  }

  /** Drafts of other models are of use only where a correction can be compared with them. */
  private async removeOlder(current: string): Promise<void> {
    const { images } = this.library;
    const names = this.options.masks().corrected().flatMap((id) => images.at(id)?.name ?? []); // prettier-ignore
    for (const [id, store] of this.stores) {
      if (id !== current) await store.keepOnly(new Set(names));
    }
  }

  /** The newest model's drafts are made by themselves, unless there is other work. */
  private afterTraining(run: FollowedRun): void {
    this.library.events.publish({ type: "project" });
    if (!run.hasWeights || this.drafting.isRunning || run !== this.usable()[0]) return;
    void this.startDrafts(run.id).catch(() => undefined);
  }

  /** Reads the drafts that there are, and goes on with those that were under way. */
  private async openDrafts(): Promise<void> {
    const { folder, images, events } = this.library;
    const runs = this.usable();
    for (const name of await readdir(join(folder, "drafts")).catch(() => [])) {
      if (this.trainings.all().some(({ id }) => id === name)) continue;
      // Those of a run that was removed.
      await rm(join(folder, "drafts", name), { recursive: true, force: true });
      await this.cache.remove(name);
    }
    for (const run of runs) {
      const isCurrent = run === runs[0];
      await this.storeOf(run.id).open((facts) => isCurrent && tellFacts(images, facts));
    }
    events.publish({ type: "project" });
    const [run] = runs;
    if (!run) return;
    const store = this.storeOf(run.id);
    if (!store.about || store.count === 0) return;
    const place = await this.placeOf(run);
    if (store.about.stamp !== place.stamp) return;
    const counts = { model: run.id, done: store.count, total: images.count };
    if (store.count >= images.count) this.drafting.show({ ...counts, state: "done" });
    else if (store.about.isStopped) this.drafting.show({ ...counts, state: "stopped" });
    else void this.startDrafts(run.id).catch(() => undefined);
  }
}
