import { isAbsolute, join, relative, sep } from "node:path";
import { pathToFileURL } from "node:url";
import { resizeImage, resizeLabels } from "../../method/images/resize-image.ts";
import type { Image } from "../../method/images/image.ts";
import { UserError } from "../../user-error.ts";
import { describeFileError, writeFileAtomic } from "../../host/node/files/atomic-file.ts";
import { encodeImage, readImage, readMask } from "../../host/node/images/images.ts";
import { renderSheet, type SheetCard } from "./contact-page.ts";
import { freeName, safePath } from "../text/file-name.ts";
import { paintLabels } from "../../method/images/overlay.ts";
import { makeThumbnail, thumbnailFolder, thumbnailSide } from "../../host/node/images/thumbnail.ts";
import type { Thumbnail } from "../../host/codec.ts";

/** An image whose mask is there. */
export interface SheetEntry {
  /** What people call it. */
  readonly name: string;
  /** Image file. */
  readonly image: string;
  /** Mask PNG, of the image's size. */
  readonly mask: string;
  /** The mask laid over its image, if it was written: saves painting it again. */
  readonly overlay?: string;
  /** The overlay made small, if that was written too. */
  readonly thumbnail?: ThumbnailFile;
  /** How sure the mask is, 0..1 (`Segmentation.confidence`). */
  readonly confidence: number;
  /** Names of the classes in the image. */
  readonly tags: readonly string[];
}

/** A thumbnail that is there. */
export interface ThumbnailFile {
  readonly file: string;
  /** Pixels. */
  readonly width: number;
  readonly height: number;
}

export interface ContactSheetOptions {
  /** Foreground class names, for the colors of the tags. */
  readonly classes: readonly string[];
  readonly title?: string;
  /** Longer side of a thumbnail, pixels. */
  readonly side?: number;
  /** Told after every thumbnail. */
  readonly onProgress?: (done: number, total: number) => void;
  /** Leaves before the next thumbnail; whatever is there is taken for a sheet that is not complete. */
  readonly signal?: AbortSignal;
}

/** The page. */
export const sheetFile = "contact-sheet.html";

/**
 * Writes `contact-sheet.html` into a folder of masks, with `thumbnails/*.jpg` beside it: every mask over
 * its image, least sure first. The pictures are files of their own and loaded when they come into view,
 * so that neither the page nor the memory grows with thousands of them. Returns the page's path.
 */
export async function writeContactSheet(
  folder: string,
  entries: readonly SheetEntry[],
  { classes, title = "Masks", side = thumbnailSide, onProgress, signal }: ContactSheetOptions,
): Promise<string> {
  const sorted = entries
    .map((entry, i) => ({ entry, i }))
    .sort((a, b) => order(a.entry.confidence) - order(b.entry.confidence) || a.i - b.i)
    .map(({ entry }) => entry);
  const taken = new Set<string>();
  const cards: SheetCard[] = [];
  for (const [i, entry] of sorted.entries()) {
    signal?.throwIfAborted();
    let made = entry.thumbnail;
    if (!made) {
      const file = join(folder, thumbnailFolder, `${freeName(safePath(entry.name), taken)}.jpg`);
      const { jpeg, ...size } = await thumbnail(entry, side);
      await writeFileAtomic(file, jpeg, { durable: false });
      made = { file, ...size };
    }
    const { file, width, height } = made;
    cards.push({
      ...{ name: entry.name, tags: entry.tags, confidence: entry.confidence, width, height },
      thumbnail: link(folder, file),
      overlay: link(folder, entry.overlay ?? entry.mask),
      image: link(folder, entry.image),
      mask: link(folder, entry.mask),
    });
    onProgress?.(i + 1, sorted.length);
  }
  const path = join(folder, sheetFile);
  await writeFileAtomic(path, renderSheet({ title, classes, cards }));
  return path;
}

/** What has no number is looked at first. */
function order(confidence: number): number {
  return Number.isFinite(confidence) ? confidence : -1;
}

/** The overlay made small, or painted small where there is none. */
async function thumbnail(entry: SheetEntry, side: number): Promise<Thumbnail> {
  if (entry.overlay !== undefined) {
    try {
      return await makeThumbnail(entry.overlay, side);
    } catch (error) {
      throw new UserError(
        `${entry.overlay}: cannot be read for the contact sheet: ${describeFileError(error)}`,
        { cause: error },
      );
    }
  }
  const [image, labels] = [await readImage(entry.image), await readMask(entry.mask)];
  if (image.width !== labels.width || image.height !== labels.height) {
    throw new UserError(
      `${entry.mask}: mask is ${labels.width}x${labels.height}, its image ${image.width}x${image.height}`,
    );
  }
  const small = fitInside(image, side);
  const { width, height } = small;
  const painted = paintLabels(small, resizeLabels(labels, width, height));
  return { jpeg: await encodeImage(painted, "jpeg", { quality: 80 }), width, height };
}

/** The same image with a longer side of at most `side`. */
export function fitInside(image: Image, side: number): Image {
  const scale = Math.min(1, side / Math.max(image.width, image.height));
  const fit = (length: number): number => Math.max(1, Math.round(length * scale));
  return scale === 1 ? image : resizeImage(image, fit(image.width), fit(image.height));
}

/** A link from a page in `folder` to a file, which still holds when both are moved together. */
function link(folder: string, file: string): string {
  const path = relative(folder, file);
  // Another drive.
  if (isAbsolute(path)) return pathToFileURL(file).href;
  return path.split(sep).map(encodeURIComponent).join("/");
}
