import { createHash } from "node:crypto";
import type { ImageCodec } from "../../../host/codec.ts";
import type { Host } from "../../../host/host.ts";
import { hasBitmapName } from "../../../host/both/images/bitmap.ts";
import { join } from "../../../files/text/path.ts";
import { UserError } from "../../../user-error.ts";
import { GivenUp } from "../failure.ts";
import { WorkQueue } from "./work-queue.ts";

/** Longer side in pixels. */
const side = 256;

/** Thumbnails, made when they are asked for and kept in folders of the studio's own. */
export class Thumbnails {
  private readonly queue: WorkQueue;
  private readonly underWay = new Map<string, Promise<Uint8Array>>();

  constructor(
    private readonly host: Pick<Host, "store" | "codec" | "machine">,
    private readonly folder: string,
  ) {
    this.queue = new WorkQueue(Math.max(2, host.machine.cores));
  }

  /**
   * The thumbnail of an image as WebP.
   * @param file path from the data folder, by which it is kept
   * @param path real path of the image
   */
  async get(file: string, path: string, version: number, signal: AbortSignal): Promise<Uint8Array> {
    const key = createHash("sha256").update(file).digest("hex").slice(0, 24);
    const kept = join(
      this.folder,
      `${key.slice(0, 2)}/${key.slice(2)}-${version.toString(16)}.webp`,
    );
    const { store } = this.host;
    const known = await store.read(kept).catch(() => undefined);
    if (known && known.length > 0) return known;
    for (;;) {
      try {
        return await (this.underWay.get(kept) ?? this.make(kept, path, signal));
      } catch (error) {
        // Another request for the same thumbnail was given up, and its work with it.
        if (!(error instanceof GivenUp) || signal.aborted) throw error;
      }
    }
  }

  private make(kept: string, path: string, signal: AbortSignal): Promise<Uint8Array> {
    const making = this.queue
      .run(async () => {
        const made = await makeThumbnail(this.host.codec, path);
        // A full disk must not keep anybody from looking.
        await this.host.store
          .write([{ path: kept, data: made }], { durable: false })
          .catch(() => undefined);
        return made;
      }, signal)
      .finally(() => this.underWay.delete(kept));
    this.underWay.set(kept, making);
    return making;
  }
}

async function makeThumbnail(codec: ImageCodec, path: string): Promise<Uint8Array> {
  // Refuses drawings and whatever else is no image.
  await codec.header(path);
  const { sharp } = await import("../../../host/node/images/sharp.ts");
  const picture = hasBitmapName(path)
    ? await codec.decode(path, { largeSide: 4 * side }).then(({ width, height, data }) => {
        return sharp(data, { raw: { width, height, channels: 3 } });
      })
    : sharp(path, { failOn: "none", limitInputPixels: false });
  try {
    return await picture
      .autoOrient()
      .resize(side, side, { fit: "inside", withoutEnlargement: true })
      .flatten({ background: "#000000" })
      .toColourspace("srgb")
      .webp({ quality: 78, effort: 2 })
      .toBuffer();
  } catch (error) {
    throw new UserError(`${path}: not a readable image`, { cause: error });
  }
}
