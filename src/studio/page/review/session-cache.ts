import { getMask, getPicture, noSuchImage } from "../api.ts";
import type { LabelLook } from "../canvas/label-layer.ts";
import { smallerPictures } from "../canvas/smaller-pictures.ts";
import { findImage } from "./find-image.ts";
import { MaskSession } from "./mask-session.ts";
import type { StudioView } from "../parts/studio.tsx";
import type { Outbox } from "./outbox.ts";

/** Opened images that are kept: the last ones with their steps of undo, and the next one. */
const mostSessions = 4;
/** Pixels of all of them together, of which each takes about 10 bytes. */
const mostPixels = 60_000_000;

/** Opens images for review, ahead of time where it is known which comes next. */
export class SessionCache {
  readonly #outbox: Outbox;
  readonly #reach: StudioView["reach"];
  readonly #opened = new Map<number, Promise<MaskSession>>();
  readonly #ready = new Map<number, MaskSession>();
  #look: LabelLook;
  #shown: number | null = null;

  /** @param reach repeats what could not reach the server */
  constructor(outbox: Outbox, look: LabelLook, reach: StudioView["reach"]) {
    this.#outbox = outbox;
    this.#look = look;
    this.#reach = reach;
  }

  get ready(): Iterable<MaskSession> {
    return this.#ready.values();
  }

  /** Changes the colors of all masks. */
  setLook(look: LabelLook): void {
    this.#look = look;
    for (const { layer } of this.#ready.values()) layer.setLook(look);
  }

  /** Keeps an image open, the one that a person looks at, however many others are opened. */
  show(id: number | null): void {
    this.#shown = id;
  }

  /** The opened image. */
  open(id: number): Promise<MaskSession> {
    const known = this.#opened.get(id);
    if (known) {
      this.#opened.delete(id);
      this.#opened.set(id, known);
      return known;
    }
    const opening = this.#load(id);
    this.#opened.set(id, opening);
    opening.then(
      (session) => {
        if (this.#opened.get(id) !== opening) return session.close();
        this.#ready.set(id, session);
        session.layer.prepare();
        this.#closeOldest();
      },
      () => {
        if (this.#opened.get(id) === opening) this.#opened.delete(id);
      },
    );
    return opening;
  }

  /** The image if it is open already. */
  get(id: number): MaskSession | undefined {
    return this.#ready.get(id);
  }

  /** Closes an image, so that it is fetched again when it is next opened. */
  drop(id: number): void {
    this.#opened.delete(id);
    this.#ready.get(id)?.close();
    this.#ready.delete(id);
  }

  /** Closes all images but those with a correction, as their drafts have changed. */
  dropDrafts(): void {
    for (const id of [...this.#opened.keys()]) {
      if (this.#ready.get(id)?.source !== "correction") this.drop(id);
    }
  }

  close(): void {
    for (const id of [...this.#opened.keys()]) this.drop(id);
  }

  async #load(id: number): Promise<MaskSession> {
    // What was painted before has to be on the server first.
    await this.#outbox.drained(id);
    const { details, stored, file } = await this.#reach(() => fetchAll(id));
    const picture = await createImageBitmap(file);
    const pictures = [picture, ...(await smallerPictures(file, picture))] as const;
    return new MaskSession({ details, pictures, stored, outbox: this.#outbox, look: this.#look });
  }

  #closeOldest(): void {
    let pixels = 0;
    const newest = [...this.#opened.keys()].reverse();
    newest.forEach((id, i) => {
      const session = this.#ready.get(id);
      if (session) pixels += session.picture.width * session.picture.height;
      if (id === this.#shown) return;
      if (i >= mostSessions || (i >= 2 && pixels > mostPixels)) this.drop(id);
    });
  }
}

/** What the server has of an image that is to be opened. */
async function fetchAll(id: number) {
  const details = await findImage(id);
  if (details === undefined) throw noSuchImage();
  const [stored, file] = await Promise.all([getMask(id), getPicture(details)]);
  return { details, stored, file };
}
