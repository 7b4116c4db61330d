import type { ImageCodec } from "../../host/codec.ts";
import type { Image, LabelMap } from "../../method/images/image.ts";
import { paintScaledLabels } from "../../method/images/overlay.ts";
import { shrinkImage } from "../../method/images/shrink-large.ts";
import { join } from "../text/path.ts";
import type { MaskFolderOptions } from "./mask-folder-options.ts";
import type { WrittenMask } from "./mask-origin.ts";
import type { FileTransaction } from "./transaction.ts";
import { thumbnailFolder, thumbnailSide, type ThumbnailFile } from "./writer.ts";

/** Pictures of masks over their images: overlays, and thumbnails for the contact sheet. */
export class MaskPictures {
  private readonly small: string[] = [];

  /** @param folder the folder of the masks */
  constructor(
    private readonly codec: ImageCodec,
    private readonly files: FileTransaction,
    private readonly folder: string,
    private readonly options: Pick<MaskFolderOptions, "overlays" | "sheet">,
  ) {}

  /** Paths of the thumbnails written so far. */
  get thumbnails(): readonly string[] {
    return this.small;
  }

  /**
   * Writes the pictures that the options ask for, while the pixels are in memory: the contact sheet would have to decode them again.
   * @param hasMask whether the mask is a picture of its own, without which there is no contact sheet unless there are overlays
   */
  async write(
    name: string,
    image: Image,
    labels: LabelMap,
    hasMask: boolean,
  ): Promise<Pick<WrittenMask, "overlay" | "thumbnail">> {
    const wantsThumbnail = this.options.sheet === true;
    if (this.options.overlays === false) {
      if (!wantsThumbnail || !hasMask) return {};
      const small = paintScaledLabels(shrinkImage(image, thumbnailSide), labels);
      return { thumbnail: await this.writeThumbnail(name, small) };
    }
    const overlay = join(this.folder, "overlays", `${name}.jpg`);
    const picture = paintScaledLabels(image, labels);
    const small = wantsThumbnail ? this.writeThumbnail(name, picture) : Promise.resolve(undefined);
    const writing = [small, this.writeOverlay(overlay, picture)] as const;
    // Where one fails, the other must not appear after the job has removed what it wrote.
    await Promise.allSettled(writing);
    const [thumbnail] = await Promise.all(writing);
    return { overlay, ...(thumbnail && { thumbnail }) };
  }

  private async writeOverlay(path: string, picture: Image): Promise<void> {
    const jpeg = await this.codec.encode(picture, "jpeg");
    await this.files.write(path, jpeg, { durable: false });
  }

  private async writeThumbnail(name: string, picture: Image): Promise<ThumbnailFile> {
    const file = join(this.folder, thumbnailFolder, `${name}.jpg`);
    this.small.push(file);
    const { jpeg, width, height } = await this.codec.thumbnail(picture, thumbnailSide);
    await this.files.write(file, jpeg, { durable: false });
    return { file, width, height };
  }
}
