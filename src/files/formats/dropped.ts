/** What a conversion could not keep, and in how many images. */
export interface DroppedDetail {
  readonly what: string;
  readonly images: number;
}

/** Counts what the parts of a conversion cannot keep. */
export class DroppedDetails {
  private readonly images = new Map<string, Set<string>>();

  /** @param image the image that something of was lost; again for the same image counts once */
  add(what: string, image: string): void {
    const known = this.images.get(what);
    if (known) known.add(image);
    else this.images.set(what, new Set([image]));
  }

  list(): DroppedDetail[] {
    return [...this.images].map(([what, images]) => ({ what, images: images.size }));
  }
}
