import { mkdtempSync, rmSync } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import sharp from "sharp";
import { afterAll, afterEach, beforeAll } from "vitest";
import { nodeHost } from "../../../src/host/node/host.ts";
import type { LabelMap } from "../../../src/method/images/image.ts";
import { decodeMask, encodePatch, type Patch } from "../../../src/studio/patches.ts";
import { isDrawn, lotOf } from "../../../src/studio/review/queue.ts";
import { EventHub } from "../../../src/studio/server/events.ts";
import { MaskBook } from "../../../src/studio/server/masks/mask-book.ts";
import { PixelWorker } from "../../../src/studio/server/masks/pixel-worker.ts";
import type {
  Images,
  IndexedImage,
  Library,
  ReviewFacts,
} from "../../../src/studio/server/studio.ts";

export const [width, height] = [40, 30];

/** One for the tests of a file: starting it takes longer than most of them. */
let worker: PixelWorker;

/** The masks of a folder of images, opened in this process; each test has a folder of its own. */
export class OpenedMasks {
  readonly folder = mkdtempSync(join(tmpdir(), "masks-"));
  readonly classes = ["dog", "cat"];
  readonly told: string[] = [];
  /** What the model drafts, by image. */
  readonly drafts = new Map<number, LabelMap>();
  model = "exp";
  book!: MaskBook;
  readonly images: IndexedImage[] = [];
  private readonly facts = new Map<number, ReviewFacts>();

  static async open(names: readonly string[]): Promise<OpenedMasks> {
    const opened = new OpenedMasks();
    opened.images.push(...names.map((name, id) => opened.image(name, id)));
    await mkdir(opened.folder, { recursive: true });
    for (const { path } of opened.images) await writePhoto(path);
    await opened.reopen();
    return opened;
  }

  /** Opens the masks anew, as another server does. @param idleSeconds see MaskBookOptions */
  async reopen(idleSeconds = 1000): Promise<MaskBook> {
    this.facts.clear();
    const source = {
      draft: (id: number) => Promise.resolve(this.drafts.get(id)),
      model: () => this.model,
    };
    const tell = (message: string): void => void this.told.push(message);
    return (this.book = await MaskBook.open(this.library, source, { idleSeconds, tell, worker }));
  }

  /** The studio's own folder. */
  get project(): string {
    return join(this.folder, ".tag2mask");
  }

  get library(): Library {
    return {
      ...{ host: nodeHost, root: this.folder, folder: this.project, events: new EventHub() },
      images: this.list,
      words: {} as Library["words"],
    };
  }

  async labels(id: number): Promise<LabelMap> {
    const { runs } = await this.book.send(this.images[id]!);
    return decodeMask(runs!);
  }

  factsOf(id: number): ReviewFacts {
    const image = this.images[id]!;
    const none: ReviewFacts = {
      ...{ verdict: "none", maskRev: 0, hasCorrection: false, confidence: NaN, missing: [] },
      ...{ hasDraft: this.drafts.has(id), drawn: isDrawn(lotOf(image.name)) },
    };
    return this.facts.get(id) ?? none;
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }

  private image(name: string, id: number): IndexedImage {
    return {
      ...{ id, name, file: `${name}.png`, version: "1", tags: [0], untagged: false, tagsRev: 0 },
      ...{ split: "", width, height, path: join(this.folder, `${name}.png`) },
    };
  }

  private get list(): Images {
    const named = (name: string) => this.images.find((image) => image.name === name);
    return {
      count: this.images.length,
      classes: this.classes,
      complete: Promise.resolve(),
      at: (id) => this.images[id],
      named,
      facts: (id) => this.factsOf(id),
      setFacts: (changes) => {
        for (const { id, facts } of changes) this.facts.set(id, { ...this.factsOf(id), ...facts });
      },
      classOf: (name) => {
        if (!this.classes.includes(name)) this.classes.push(name);
        return this.classes.indexOf(name);
      },
      // Lists are no business of masks.
      counted: unused,
      record: unused,
      page: unused,
      details: unused,
    };
  }
}

function unused(): never {
  throw new Error("not used here");
}

async function writePhoto(path: string): Promise<void> {
  const data = Buffer.alloc(3 * width * height, 90);
  await writeFile(
    path,
    await sharp(data, { raw: { width, height, channels: 3 } })
      .png()
      .toBuffer(),
  );
}

/** Opens masks for a test, which are closed and removed after it. */
export function useMasks(): (...names: readonly string[]) => Promise<OpenedMasks> {
  const opened: OpenedMasks[] = [];
  beforeAll(() => void (worker = new PixelWorker()));
  afterAll(() => worker.close());
  afterEach(async () => {
    for (const one of opened.splice(0)) {
      await one.book.close().catch(() => undefined);
      one.remove();
    }
  });
  return async (...names) => {
    const one = await OpenedMasks.open(names);
    opened.push(one);
    return one;
  };
}

/** A mask of one label. */
export function filled(label: number): LabelMap {
  return { width, height, data: new Uint8Array(width * height).fill(label) };
}

/** A square of one label, as a stroke sends it. */
export function square(label: number, x: number, y: number, side = 4): Uint8Array {
  const patch: Patch = { x, y, width: side, height: side, labels: new Uint8Array(side * side).fill(label) }; // prettier-ignore
  return encodePatch(patch);
}
