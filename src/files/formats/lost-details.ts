/** A kind of detail that a conversion could not keep, and the number of images that had it. */
export interface LostDetail {
  readonly what: string;
  readonly images: number;
  /** Number of objects that are not shown because of it; absent if all of them are. */
  readonly objects?: number;
}

/** Name of the loss for objects that no other loss explains: a defect of a reader or a writer, never kept quiet. */
export const unexplained = "objects read and objects shown differ in number, for an unknown reason";

/** Losses of images whose files are not known; who names their folder mends them. */
export const unknownFile = {
  name: "the image's file is not known; its name is assumed to end in .jpg",
  copy: "images/ lacks the image: its file is not known",
  voc: "JPEGImages/ lacks the image: its file is not known",
} as const;

/** An entry of the ledger: its kind, the image, the number of objects, and of a loss the detail. */
export type LedgerEntry = readonly ["lost" | "read" | "shown", string, number, string?];

/** Whether a value of JSON is a list of such entries. */
export function areLedgerEntries(value: unknown): value is readonly LedgerEntry[] {
  return Array.isArray(value) && value.every(isLedgerEntry);
}

function isLedgerEntry(value: unknown): boolean {
  if (!Array.isArray(value)) return false;
  const [kind, image, objects, what] = value as readonly unknown[];
  const isKind = kind === "lost" || kind === "read" || kind === "shown";
  const isCounted = typeof image === "string" && Number.isSafeInteger(objects);
  return isKind && isCounted && (what === undefined || typeof what === "string");
}

/**
 * The ledger of a conversion. Readers enter the objects of each image as they stand in the file, whoever draws or writes
 * them those that are shown, and everybody the details that could not be kept, with the number of objects that are not
 * shown because of them. It balances if for every image objects read = objects shown + objects told as lost; where it
 * does not, the difference is a loss of its own. So an empty list means that nothing was lost, and that it was counted.
 */
export class LostDetails {
  /** Objects lost by image for each kind of detail. */
  private readonly details = new Map<string, Map<string, number>>();
  /** Objects read less those shown and those told, by image. */
  private readonly balance = new Map<string, number>();
  /** Objects read, by image. */
  private readonly reads = new Map<string, number>();
  private entries: LedgerEntry[] = [];

  /**
   * Tells a detail that an image loses.
   * @param image the image that had the detail; it counts once for each kind of detail
   * @param objects number of its objects that are not shown because of it
   */
  add(what: string, image: string, objects = 0): void {
    const images = this.details.get(what) ?? new Map<string, number>();
    images.set(image, (images.get(image) ?? 0) + objects);
    this.details.set(what, images);
    this.enter(image, -objects);
    this.entries.push(["lost", image, objects, what]);
  }

  /** Enters objects as they stand in the file, also those that cannot be used. */
  read(image: string, objects: number): void {
    this.reads.set(image, (this.reads.get(image) ?? 0) + objects);
    this.enter(image, objects);
    this.entries.push(["read", image, objects]);
  }

  /** Enters objects of which at least a pixel is shown. */
  shown(image: string, objects: number): void {
    this.enter(image, -objects);
    this.entries.push(["shown", image, objects]);
  }

  /** The entries since the last call, for a job that continues this one. */
  takeEntries(): readonly LedgerEntry[] {
    return this.entries.splice(0);
  }

  /** Makes entries again that an earlier part of the job made. */
  repeat(entries: readonly LedgerEntry[]): void {
    for (const [kind, image, objects, what] of entries) {
      if (kind === "lost") this.add(what ?? "", image, objects);
      else this[kind](image, objects);
    }
  }

  /** Takes back all entries of an image that is left out as a whole, and named as such. */
  leaveOut(image: string): void {
    this.reads.delete(image);
    this.balance.delete(image);
    for (const [what, images] of this.details) {
      images.delete(image);
      if (images.size === 0) this.details.delete(what);
    }
  }

  /** Number of objects read of the images that are not left out. */
  get objects(): number {
    return [...this.reads.values()].reduce((sum, objects) => sum + objects, 0);
  }

  list(): LostDetail[] {
    const details = [...this.details].map(([what, images]) => detail(what, [...images.values()]));
    const open = [...this.balance.values()].filter((objects) => objects !== 0).map(Math.abs);
    return open.length === 0 ? details : [...details, detail(unexplained, open)];
  }

  private enter(image: string, objects: number): void {
    if (objects !== 0) this.balance.set(image, (this.balance.get(image) ?? 0) + objects);
  }
}

function detail(what: string, objectsOfImages: readonly number[]): LostDetail {
  const objects = objectsOfImages.reduce((sum, count) => sum + count, 0);
  return { what, images: objectsOfImages.length, ...(objects > 0 && { objects }) };
}
