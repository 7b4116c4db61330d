import {
  LostDetails,
  unexplained,
  type LedgerEntry,
  type LostDetail,
} from "../formats/lost-details.ts";

/**
 * The ledger of many images, whose entries come image by image: what `LostDetails` would list with the entries of all, in memory
 * for the kinds of details instead of the images.
 */
export class MergedLosses {
  private readonly details = new Map<string, { images: number; objects: number }>();
  private open = { images: 0, objects: 0 };
  /** Number of objects read. */
  objects = 0;

  /** Adds all the entries of an image. */
  add(entries: readonly LedgerEntry[]): void {
    if (entries.length === 0) return;
    const image = new LostDetails();
    image.repeat(entries);
    this.objects += image.objects;
    for (const { what, images, objects = 0 } of image.list()) {
      const sum = what === unexplained ? this.open : this.details.get(what);
      if (sum) {
        sum.images += images;
        sum.objects += objects;
      } else {
        this.details.set(what, { images, objects });
      }
    }
  }

  list(): LostDetail[] {
    const details = [...this.details].map(([what, sum]) => detailOf(what, sum));
    return this.open.images === 0 ? details : [...details, detailOf(unexplained, this.open)];
  }
}

function detailOf(
  what: string,
  { images, objects }: { readonly images: number; readonly objects: number },
): LostDetail {
  return { what, images, ...(objects > 0 && { objects }) };
}
