import type { LabelMap } from "../../../method/images/image.ts";
import { AskedProcess } from "../asked-process.ts";
import type { LabelOverlap, PixelResult, PixelWork } from "./pixel-work.ts";

/** A process that works on the pixels of masks, so that the server's own is never busy for long. It writes no files. */
export class PixelWorker {
  private readonly process = new AskedProcess<PixelWork, PixelResult>(
    new URL("./pixel-process", import.meta.url),
  );

  async bytes(work: PixelWork & { readonly want: "runs" | "png" }): Promise<Uint8Array> {
    return ((await this.process.ask(work)) as { bytes: Uint8Array }).bytes;
  }

  async labels(work: Omit<PixelWork, "want">): Promise<LabelMap> {
    return ((await this.process.ask({ ...work, want: "labels" })) as { labels: LabelMap }).labels;
  }

  async overlap(work: Omit<PixelWork, "want">): Promise<LabelOverlap> {
    return (await this.process.ask({ ...work, want: "overlap" })) as LabelOverlap;
  }

  async close(): Promise<void> {
    await this.process.end();
  }
}
