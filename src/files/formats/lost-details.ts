/** A kind of detail that a conversion could not keep, and the number of images that had it. */
export interface LostDetail {
  readonly what: string;
  readonly images: number;
}

/** Counts the details that a conversion cannot keep. */
export class LostDetails {
  private readonly images = new Map<string, Set<string>>();

  /** @param image the image that had the detail; it counts once for each kind of detail */
  add(what: string, image: string): void {
    const images = this.images.get(what);
    if (images) images.add(image);
    else this.images.set(what, new Set([image]));
  }

  list(): LostDetail[] {
    return [...this.images].map(([what, images]) => ({ what, images: images.size }));
  }
}
