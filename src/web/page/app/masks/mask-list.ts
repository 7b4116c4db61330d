import type { Failure, MadeMask, ModelFacts, ModelSource } from "../../protocol.ts";
import type { TagMaskSource } from "../../../../method/inference/label-source.ts";
import { desk, failureIn } from "../client.ts";
import { Store } from "../store.ts";

/** A photograph in the list. */
export interface Photo {
  readonly id: number;
  readonly file: File;
  readonly picture?: Blob;
  readonly mask?: MadeMask;
  readonly failure?: Failure;
  readonly isBusy?: boolean;
  /** Classes that are known to be in it, from 0; undefined if nothing is known. */
  readonly tags?: readonly number[] | undefined;
}

export interface MaskListState {
  readonly model?: ModelFacts | undefined;
  /** Name of the model that is being opened. */
  readonly opening?: string | undefined;
  readonly modelFailure?: Failure | undefined;
  readonly photos: readonly Photo[];
  readonly chosen?: number | undefined;
  readonly crf: boolean;
  /** Branch of the model for photographs with known tags. */
  readonly from: TagMaskSource;
}

/** Photographs and the masks that a model makes of them, one after the other. */
export class MaskList extends Store<MaskListState> {
  private lastId = 0;
  private isWorking = false;
  private readonly unseen: number[] = [];
  private isPreviewing = false;

  constructor() {
    super({ photos: [], crf: false, from: "segmentation" });
  }

  async open(source: ModelSource): Promise<void> {
    const { model: before } = this.state;
    const opening = "run" in source ? source.run : source.file.name;
    this.set({ opening, model: undefined, modelFailure: undefined });
    try {
      if (before) await desk.ask("closeModel", before.id);
      const model = await desk.ask("openModel", source);
      const isSame = before?.classes.join("\n") === model.classes.join("\n");
      // Known tags are numbers of classes.
      const photos = this.state.photos.map((photo) => fresh(isSame ? photo : { ...photo, tags: undefined })); // prettier-ignore
      const from = model.hasActivations ? this.state.from : "segmentation";
      this.set({ model, photos, from });
      void this.work();
    } catch (error) {
      this.set({ modelFailure: failureIn(error) });
    } finally {
      this.set({ opening: undefined });
    }
  }

  closeModel(): void {
    const { model, photos } = this.state;
    if (model) void desk.ask("closeModel", model.id).catch(() => undefined);
    this.set({ model: undefined, photos: photos.map(fresh) });
  }

  add(files: Iterable<File>): void {
    const added = [...files].map((file): Photo => ({ id: ++this.lastId, file }));
    const photos = [...this.state.photos, ...added];
    this.set({ photos, chosen: this.state.chosen ?? photos[0]?.id });
    this.unseen.push(...added.map(({ id }) => id));
    void this.preview();
    void this.work();
  }

  remove(id: number): void {
    const { photos, chosen } = this.state;
    const at = photos.findIndex((photo) => photo.id === id);
    const left = photos.filter((photo) => photo.id !== id);
    const next = chosen === id ? (left[at] ?? left.at(-1))?.id : chosen;
    this.set({ photos: left, chosen: next });
  }

  choose(chosen: number): void {
    this.set({ chosen });
  }

  setCrf(crf: boolean): void {
    this.set({ crf, photos: this.state.photos.map(fresh) });
    void this.work();
  }

  setFrom(from: TagMaskSource): void {
    const photos = this.state.photos.map((photo) => (photo.tags ? fresh(photo) : photo));
    this.set({ from, photos });
    void this.work();
  }

  setTags(id: number, tags: readonly number[] | undefined): void {
    this.change(id, (photo) => fresh({ ...photo, tags }));
    void this.work();
  }

  /** Tries a photograph again. */
  retry(id: number): void {
    this.change(id, fresh);
    void this.work();
  }

  private change(id: number, how: (photo: Photo) => Photo): void {
    this.set({ photos: this.state.photos.map((photo) => (photo.id === id ? how(photo) : photo)) });
  }

  /** Makes small pictures of new photographs. */
  private async preview(): Promise<void> {
    if (this.isPreviewing) return;
    this.isPreviewing = true;
    for (let id = this.unseen.shift(); id !== undefined; id = this.unseen.shift()) {
      const photo = this.state.photos.find((one) => one.id === id);
      if (!photo || photo.picture || photo.failure) continue;
      try {
        const picture = await desk.ask("thumbnail", photo.file);
        this.change(photo.id, (one) => ({ ...one, picture: one.picture ?? picture }));
      } catch (error) {
        this.change(photo.id, (one) => ({ ...one, failure: failureIn(error) }));
      }
    }
    this.isPreviewing = false;
  }

  /** Makes masks until all have one, that of the chosen photograph first. */
  private async work(): Promise<void> {
    if (this.isWorking) return;
    this.isWorking = true;
    for (let next = this.next(); next; next = this.next()) await this.makeMask(next);
    this.isWorking = false;
  }

  private next(): Photo | undefined {
    const { model, photos, chosen } = this.state;
    const waiting = model ? photos.filter(({ mask, failure }) => !mask && !failure) : [];
    return waiting.find(({ id }) => id === chosen) ?? waiting[0];
  }

  private async makeMask(photo: Photo): Promise<void> {
    const { model, crf, from } = this.state;
    const { id, file, tags } = photo;
    this.change(id, (one) => ({ ...one, isBusy: true }));
    const isWanted = (one: Photo): boolean =>
      one.tags === tags &&
      this.state.crf === crf &&
      this.state.model === model &&
      (tags === undefined || this.state.from === from);
    try {
      const input = { model: model!.id, photo: file, crf, from, ...(tags && { tags }) };
      const mask = await desk.ask("segment", input);
      this.change(
        id,
        (one) =>
        isWanted(one) ? { ...one, mask, picture: mask.picture, isBusy: false } : { ...one, isBusy: false }, // prettier-ignore
      );
    } catch (error) {
      const failure = failureIn(error);
      this.change(id, (one) => ({ ...one, isBusy: false, ...(isWanted(one) && { failure }) }));
    }
  }
}

/** A photograph without what was computed of it. */
function fresh({ mask: _, failure: __, ...photo }: Photo): Photo {
  return photo;
}

export const maskList = new MaskList();
