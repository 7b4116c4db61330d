import type { Thumbnail } from "../../host/codec.ts";
import type { FileHost } from "../../host/host.ts";
import type { Store } from "../../host/store.ts";
import { resizeImage } from "../../method/images/resize-antialiased.ts";
import { resizeLabels } from "../../method/images/resize-labels.ts";
import type { Image } from "../../method/images/image.ts";
import { UserError } from "../../user-error.ts";
import { thumbnailFolder, thumbnailSide, type ThumbnailFile } from "../formats/writer.ts";
import { renderSheet, type SheetCard } from "./contact-sheet-page.ts";
import { inReviewOrder } from "./review-order.ts";
import { freeName, safePath } from "../text/file-name.ts";
import { join, relativeOnDrive } from "../text/path.ts";
import { paintLabels } from "../../method/images/overlay.ts";

/** An image and its mask. */
export interface SheetEntry {
  /** Name shown on the page. */
  readonly name: string;
  /** Image file. */
  readonly image: string;
  /** Mask PNG, of the image's size. */
  readonly mask: string;
  /** The mask laid over its image, if that picture exists already. */
  readonly overlay?: string;
  /** A small version of the overlay, if it exists already. */
  readonly thumbnail?: ThumbnailFile;
  /** Confidence of the mask, 0..1 (`Segmentation.confidence`). */
  readonly confidence: number;
  /** Names of the classes in the image. */
  readonly tags: readonly string[];
  /** Those of the tags that no pixel of the mask shows. */
  readonly missing?: readonly string[];
}

export interface ContactSheetOptions {
  /** Foreground class names, for the colors of the tags. */
  readonly classes: readonly string[];
  readonly title?: string;
  /** Longer side of a thumbnail, in pixels. */
  readonly side?: number;
  /** Called after every thumbnail. */
  readonly onProgress?: (done: number, total: number) => void;
  /** Called with the path of every file that is written. */
  readonly onFile?: (path: string) => void;
  /** Stops before the next thumbnail, leaving a sheet without its page. */
  readonly signal?: AbortSignal;
}

/** File name of the first page. */
export const sheetFile = "contact-sheet.html";

/** Most masks on a page. */
const pageSize = 1000;

/** File name of a page, from 0. */
function pageFile(page: number): string {
  return page === 0 ? sheetFile : sheetFile.replace(".", `-${page + 1}.`);
}

/** Masks in the order of `inReviewOrder`, one by one, and their number. */
export interface OrderedEntries {
  readonly entries: Iterable<SheetEntry> | AsyncIterable<SheetEntry>;
  readonly total: number;
}

/**
 * Writes `contact-sheet.html` into a folder of masks, and `thumbnails/*.jpg` beside it: every mask over its image,
 * in the order of `inReviewOrder`. The pictures are separate files, loaded when they come into view. Each thousand masks
 * has a page of its own: `contact-sheet-2.html` and so on, linked with each other. Returns the path of the first page.
 */
export function writeContactSheet(
  host: FileHost,
  folder: string,
  entries: readonly SheetEntry[],
  options: ContactSheetOptions,
): Promise<string> {
  const sorted = { entries: inReviewOrder(entries), total: entries.length };
  return writeOrderedSheet(host, folder, sorted, options);
}

/** The same for any number of masks that are in order already: memory holds two pages of them. */
export async function writeOrderedSheet(
  host: FileHost,
  folder: string,
  { entries, total }: OrderedEntries,
  {
    classes,
    title = "Masks",
    side = thumbnailSide,
    onProgress,
    onFile,
    signal,
  }: ContactSheetOptions,
): Promise<string> {
  const { store } = host;
  const names = new Set<string>();
  const pages = Math.max(1, Math.ceil(total / pageSize));
  const files = Array.from({ length: pages }, (_, page) => pageFile(page));
  const writePage = async (page: number, cards: readonly SheetCard[]): Promise<void> => {
    const about = { page, files, before: page * pageSize, total };
    const path = join(folder, files[page]!);
    await store.write([{ path, data: renderSheet({ title, classes, cards, ...about }) }]);
    onFile?.(path);
  };
  let [first, cards]: [SheetCard[], SheetCard[]] = [[], []];
  let [page, done] = [0, 0];
  for await (const entry of entries) {
    signal?.throwIfAborted();
    let thumbnail = entry.thumbnail;
    if (!thumbnail) {
      const file = join(folder, thumbnailFolder, `${freeName(safePath(entry.name), names)}.jpg`);
      const { jpeg, width, height } = await makeThumbnail(host, entry, side);
      await store.write([{ path: file, data: jpeg }], { durable: false });
      onFile?.(file);
      thumbnail = { file, width, height };
    }
    cards.push({
      name: entry.name,
      tags: entry.tags,
      missing: entry.missing ?? [],
      confidence: entry.confidence,
      width: thumbnail.width,
      height: thumbnail.height,
      thumbnail: link(store, folder, thumbnail.file),
      overlay: link(store, folder, entry.overlay ?? entry.mask),
      image: link(store, folder, entry.image),
      mask: link(store, folder, entry.mask),
    });
    done++;
    if (cards.length === pageSize || done === total) {
      // The first page comes last: where it is, so are the others.
      if (page === 0) first = cards;
      else await writePage(page, cards);
      cards = [];
      page++;
    }
    onProgress?.(done, total);
  }
  await writePage(0, first);
  await removeLaterPages(store, folder, pages);
  return join(folder, sheetFile);
}

/** Removes the pages of an earlier, longer sheet. */
async function removeLaterPages(store: Store, folder: string, pages: number): Promise<void> {
  for (const name of (await store.list(folder)).files) {
    const [, number] = /^contact-sheet-(\d+)\.html$/.exec(name) ?? [];
    if (number !== undefined && Number(number) > pages) await store.remove(join(folder, name));
  }
}

/** A small version of the overlay, painted from image and mask if there is no overlay. */
async function makeThumbnail(
  { codec }: FileHost,
  entry: SheetEntry,
  side: number,
): Promise<Thumbnail> {
  if (entry.overlay !== undefined) return codec.thumbnail(entry.overlay, side);
  const image = await codec.decode(entry.image);
  const labels = await codec.decodeLabels(entry.mask);
  if (image.width !== labels.width || image.height !== labels.height) {
    throw new UserError(
      `${entry.mask}: mask is ${labels.width}x${labels.height}, but its image ${entry.image} is ${image.width}x${image.height}`,
    );
  }
  const small = fitInside(image, side);
  const { width, height } = small;
  const overlay = paintLabels(small, resizeLabels(labels, width, height));
  return { jpeg: await codec.encode(overlay, "jpeg", { quality: 80 }), width, height };
}

/** An image made smaller, if necessary, so that its longer side is at most `side` pixels. */
export function fitInside(image: Image, side: number): Image {
  const scale = Math.min(1, side / Math.max(image.width, image.height));
  const fit = (length: number): number => Math.max(1, Math.round(length * scale));
  return scale === 1 ? image : resizeImage(image, fit(image.width), fit(image.height));
}

/** A link from a page in `folder` to a file, relative so that both can be moved together. */
function link(store: Store, folder: string, file: string): string {
  const to = store.absolute(file);
  const path = relativeOnDrive(store.absolute(folder), to);
  return path?.split("/").map(encodeURIComponent).join("/") ?? store.url(to);
}
