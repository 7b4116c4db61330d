import { resizeImage } from "../../method/images/resize-antialiased.ts";
import { resizeLabels } from "../../method/images/resize-labels.ts";
import { ignoreIndex, type Image, type LabelMap } from "../../method/images/image.ts";
import type { ImageCodec } from "../../host/codec.ts";
import { fitInside } from "./contact-sheet.ts";
import { paintLabels } from "../../method/images/overlay.ts";

/** An image with its score. */
export interface MeasuredImage {
  readonly name: string;
  /** Absent where only masks are compared. */
  readonly image?: Image;
  readonly truth: LabelMap;
  readonly prediction: LabelMap;
  /** Mean IoU over the classes of this image's truth, 0..1. */
  readonly meanIou: number;
}

/** A low-scoring image as small pictures. */
export interface WorstImage {
  readonly name: string;
  readonly meanIou: number;
  /** Labels in the truth or the prediction, ascending, without background and ignore. */
  readonly labels: readonly number[];
  readonly tiles: readonly { readonly title: string; readonly jpeg: Uint8Array }[];
}

/** Keeps the images with the lowest scores, as thumbnails, in memory that does not grow with the number of images. */
export class WorstImages {
  private readonly worst: WorstImage[] = [];

  constructor(
    private readonly codec: ImageCodec,
    private readonly limit: number,
    private readonly side = 320,
  ) {}

  /** The images with the lowest scores, worst first. */
  get images(): readonly WorstImage[] {
    return this.worst;
  }

  /** Whether the score of an image is low enough. */
  wouldTake(meanIou: number): boolean {
    if (!Number.isFinite(meanIou)) return false;
    const last = this.worst.at(-1);
    return this.worst.length < this.limit || (last !== undefined && meanIou < last.meanIou);
  }

  /** Takes an image in if its score is low enough, and returns its pictures then. */
  async add(measured: MeasuredImage): Promise<WorstImage | undefined> {
    const { name, meanIou, truth, prediction } = measured;
    if (!this.wouldTake(meanIou)) return undefined;
    const labels = new Set(truth.data);
    for (const label of prediction.data) labels.add(label);
    const classLabels = [...labels].filter((label) => label > 0 && label !== ignoreIndex);
    const image = {
      name,
      meanIou,
      labels: classLabels.sort((a, b) => a - b),
      tiles: await this.tiles(measured),
    };
    this.place(image);
    return image;
  }

  /** Takes an image in that `add` took in before, after the same images. */
  place(image: WorstImage): void {
    const at = this.worst.findIndex((other) => image.meanIou < other.meanIou);
    this.worst.splice(at < 0 ? this.worst.length : at, 0, image);
    if (this.worst.length > this.limit) this.worst.pop();
  }

  private async tiles({ image, truth, prediction }: MeasuredImage): Promise<WorstImage["tiles"]> {
    const small = image ? fitInside(image, this.side) : gray(truth, this.side);
    const { width, height } = small;
    const paint = (labels: LabelMap): Image =>
      paintLabels(small, resizeLabels(labels, width, height));
    const pictures: [string, Image][] = [
      ...(image ? ([["Image", small]] as [string, Image][]) : []),
      ["Truth", paint(truth)],
      ["Prediction", paint(prediction)],
    ];
    return Promise.all(
      pictures.map(async ([title, picture]) => ({
        title,
        jpeg: await this.codec.encode(picture, "jpeg", { quality: 82 }),
      })),
    );
  }
}

/** A plain gray background for masks without an image. */
function gray({ width, height }: LabelMap, side: number): Image {
  const scale = Math.min(1, side / Math.max(width, height));
  const fit = (length: number): number => Math.max(1, Math.round(length * scale));
  const pixel = { width: 1, height: 1, data: Uint8Array.of(170, 170, 176) };
  return resizeImage(pixel, fit(width), fit(height));
}
