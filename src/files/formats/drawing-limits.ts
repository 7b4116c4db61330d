import { shown, UserError } from "../../user-error.ts";

/** Most pixels of an image whose size is only a claim of a few bytes, without pixels to prove it. */
const pixelLimit = 50_000_000;

/** Throws a UserError unless both sides are whole numbers from 1 and the image has few enough pixels. */
export function checkSize(width: unknown, height: unknown, where: string): void {
  const isSide = (side: unknown): side is number =>
    Number.isSafeInteger(side) && (side as number) > 0;
  if (isSide(width) && isSide(height) && width * height <= pixelLimit) return;
  throw new UserError(
    `${where}: the image is ${shown(width)}x${shown(height)}; expected whole numbers from 1, and at most ${pixelLimit} pixels`,
  );
}

/** Most objects of one image, and most pixels visited to draw them; more would take minutes. */
const mostObjects = 200_000;
const mostVisits = 2e10;

/** A budget for drawing the objects of an image; a UserError once it is used up. */
export class DrawingWork {
  private objects = 0;
  private visits = 0;

  /**
   * @param where prefix of the message
   * @param limit most visited pixels
   */
  constructor(
    readonly where: string,
    private readonly limit = mostVisits,
  ) {}

  /** Accounts for an object before it is drawn. @param pixels pixels that drawing it visits */
  spend(pixels: number): void {
    this.objects++;
    this.visits += pixels;
    if (this.objects <= mostObjects && this.visits <= this.limit) return;
    throw new UserError(
      `${this.where}: has more objects, or larger ones, than can be drawn: after ${this.objects} objects and ${this.visits} pixels, at most ${mostObjects} and ${this.limit}`,
    );
  }
}
