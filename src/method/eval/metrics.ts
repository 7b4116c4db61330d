/**
 * Counts of (true class, predicted class) over pixels, from which the segmentation scores follow.
 * Pixels whose true label is no class (255) are left out. Classes absent from the truth count in no
 * mean. A score over nothing is NaN.
 */
export class ConfusionMatrix {
  /** Row-major [truth, prediction]; whole numbers, exact up to 2^53 pixels. */
  private readonly counts: Float64Array;

  /** @param numClasses classes including the background */
  constructor(readonly numClasses: number) {
    if (!Number.isInteger(numClasses) || numClasses < 1 || numClasses > 255) {
      throw new RangeError(`metrics: ${numClasses} classes; 1 to 255 are possible`);
    }
    this.counts = new Float64Array(numClasses * numClasses);
  }

  /** Counts one image: two label maps of one size, where a prediction is always a class. */
  add(truth: Uint8Array, prediction: Uint8Array): void {
    const n = this.numClasses;
    if (truth.length !== prediction.length) {
      throw new RangeError(
        `metrics: the truth has ${truth.length} pixels, the prediction ${prediction.length}`,
      );
    }
    for (let i = 0; i < truth.length; i++) {
      const row = truth[i]!;
      if (row >= n) continue;
      const column = prediction[i]!;
      if (column >= n) {
        throw new RangeError(`metrics: pixel ${i} is predicted as ${column}, of ${n} classes`);
      }
      this.counts[row * n + column]! += 1;
    }
  }

  /** Adds the counts of another matrix over the same classes. */
  merge(other: ConfusionMatrix): void {
    if (other.numClasses !== this.numClasses) {
      throw new RangeError(
        `metrics: counts over ${other.numClasses} classes do not add to counts over ${this.numClasses}`,
      );
    }
    for (let i = 0; i < this.counts.length; i++) this.counts[i]! += other.counts[i]!;
  }

  /** Pixels of each true class, by predicted class. */
  rows(): number[][] {
    const n = this.numClasses;
    return Array.from({ length: n }, (_, c) => [...this.counts.subarray(c * n, (c + 1) * n)]);
  }

  /** The counts without the last classes that have none, but over at least `least` classes. */
  trimmed(least: number): ConfusionMatrix {
    const n = this.numClasses;
    let size = Math.max(1, least);
    this.counts.forEach((pixels, i) => {
      if (pixels > 0) size = Math.max(size, Math.floor(i / n) + 1, (i % n) + 1);
    });
    const small = new ConfusionMatrix(size);
    for (let c = 0; c < Math.min(n, size); c++) {
      small.counts.set(this.counts.subarray(c * n, c * n + Math.min(n, size)), c * size);
    }
    return small;
  }

  /** Intersection over union of each class; NaN where it is neither true nor predicted anywhere. */
  iou(): number[] {
    return this.perClass((tp, row, column) => tp / (row + column - tp));
  }

  /** Part of each class's pixels that are predicted right; NaN where the truth has none. */
  accuracies(): number[] {
    return this.perClass((tp, row) => tp / row);
  }

  /** Mean of `iou` over the classes of the truth. */
  meanIou(): number {
    return this.meanOverTruth(this.iou());
  }

  /** Part of the pixels that are predicted right. */
  pixelAccuracy(): number {
    let right = 0;
    for (let c = 0; c < this.numClasses; c++) right += this.counts[c * this.numClasses + c]!;
    return right / this.counts.reduce((a, b) => a + b, 0);
  }

  /** Part of each class's pixels that are predicted right, averaged over the classes of the truth. */
  meanAccuracy(): number {
    return this.meanOverTruth(this.accuracies());
  }

  private perClass(score: (tp: number, row: number, column: number) => number): number[] {
    const n = this.numClasses;
    return Array.from({ length: n }, (_, c) => {
      let row = 0;
      let column = 0;
      for (let k = 0; k < n; k++) {
        row += this.counts[c * n + k]!;
        column += this.counts[k * n + c]!;
      }
      return score(this.counts[c * n + c]!, row, column);
    });
  }

  private meanOverTruth(scores: readonly number[]): number {
    const occurs = this.perClass((_, row) => row);
    const counted = scores.filter((_, c) => occurs[c]! > 0);
    return counted.reduce((a, b) => a + b, 0) / counted.length;
  }
}

/** F1 of the predicted tags of one image; 1 if there are neither predicted nor true tags. */
export function tagF1(predicted: readonly number[], truth: readonly number[]): number {
  const predictions = new Set(predicted);
  const truths = new Set(truth);
  if (predictions.size + truths.size === 0) return 1;
  const right = [...predictions].filter((tag) => truths.has(tag)).length;
  return (2 * right) / (predictions.size + truths.size);
}
