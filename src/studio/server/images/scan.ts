import type { ImageIndex } from "./image-index.ts";
import type { LibraryCalls } from "./library-calls.ts";

type Look = (images: LibraryCalls["look"]["request"]) => Promise<LibraryCalls["look"]["result"]>;

/** Images that are looked at together. */
const atOnce = 32;

/** Looks at the files of all images one after the other, slowly; first at those that somebody sees. */
export class Scan {
  private next = 0;
  private isStopped = false;
  private isRunning = false;
  /** Images that are being looked at. */
  private readonly underWay = new Map<number, Promise<void>>();

  /** @param onChanged called when something new is known */
  constructor(
    private readonly index: ImageIndex,
    private readonly ask: Look,
    private readonly onChanged: () => void,
  ) {}

  /** Looks at images of which nothing is known yet. */
  async look(ids: readonly number[]): Promise<void> {
    const unknown = ids.filter((id) => this.index.table.version[id] === 0);
    const fresh = unknown.filter((id) => !this.underWay.has(id));
    for (let at = 0; at < fresh.length; at += atOnce) {
      const batch = fresh.slice(at, at + atOnce);
      const looking = this.lookAt(batch, true).finally(() => {
        for (const id of batch) this.underWay.delete(id);
      });
      // The server may be closed meanwhile.
      looking.catch(() => undefined);
      for (const id of batch) this.underWay.set(id, looking);
    }
    await Promise.all(unknown.flatMap((id) => this.underWay.get(id) ?? []));
  }

  /** Begins anew: files may have changed. */
  again(): void {
    this.next = 0;
    void this.run();
  }

  stop(): void {
    this.isStopped = true;
  }

  /** Goes through all images. Rests as long as it works, so that a disk has time for others. */
  async run(): Promise<void> {
    if (this.isRunning) return;
    this.isRunning = true;
    try {
      while (!this.isStopped && this.next < this.index.count) {
        const ids: number[] = [];
        for (; ids.length < atOnce && this.next < this.index.count; this.next++) {
          if (this.index.table.has(this.next)) ids.push(this.next);
        }
        const start = performance.now();
        await this.lookAt(ids, false);
        const pause = performance.now() - start;
        await new Promise((resolve) => setTimeout(resolve, pause).unref());
      }
    } catch {
      // The thread has ended; whoever asks it next is told.
    } finally {
      this.isRunning = false;
    }
  }

  private async lookAt(ids: readonly number[], isSeen: boolean): Promise<void> {
    const { table } = this.index;
    const images = ids.flatMap((id) => {
      const image = this.index.at(id);
      if (!image) return [];
      const known = { version: table.version[id]!, width: image.width, height: image.height };
      return [{ id, path: image.path, known }];
    });
    if (this.index.setContent(await this.ask(images), isSeen)) this.onChanged();
  }
}
