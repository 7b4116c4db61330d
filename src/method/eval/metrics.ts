/**
 * Numbers of pixels for each pair of true and predicted class, and the scores that follow from them (method 3.3).
 * Pixels whose true label is no class (255) are left out. Means are over the classes that occur in the truth. A score
 * of no pixels is NaN.
 */
export class ConfusionMatrix {
  /** Row-major [truth, prediction]; whole numbers, exact up to 2^53 pixels. */
  private readonly counts: Float64Array;

  /** @param numClasses classes including the background */
  constructor(readonly numClasses: number) {
    if (!Number.isInteger(numClasses) || numClasses < 1 || numClasses > 255) {
      throw new RangeError(`metrics: ${numClasses} classes; expected a whole number from 1 to 255`);
    }
    this.counts = new Float64Array(numClasses * numClasses);
  }

  /** Counts the pixels of one image. Both label maps have its size, and every prediction is a class. */
  add(truth: Uint8Array, prediction: Uint8Array): void {
    const n = this.numClasses;
    if (truth.length !== prediction.length) {
      throw new RangeError(
        `metrics: the truth has ${truth.length} pixels, the prediction ${prediction.length}; resize one to the other`,
      );
    }
    for (let i = 0; i < truth.length; i++) {
      const row = truth[i]!;
      if (row >= n) continue;
      const column = prediction[i]!;
      if (column >= n) {
        throw new RangeError(
          `metrics: pixel ${i} is predicted as ${column}; expected a class from 0 to ${n - 1}`,
        );
      }
      this.counts[row * n + column]! += 1;
    }
  }

  /** Adds the counts of another matrix over the same classes. */
  merge(other: ConfusionMatrix): void {
    if (other.numClasses !== this.numClasses) {
      throw new RangeError(
        `metrics: counts of ${other.numClasses} classes cannot be added to counts of ${this.numClasses}; use the same classes`,
      );
    }
    for (let i = 0; i < this.counts.length; i++) this.counts[i]! += other.counts[i]!;
  }

  /** All counts, row-major [truth, prediction]. */
  flat(): Float64Array {
    return this.counts.slice();
  }

  /** Replaces the counts. */
  set(counts: Float64Array): void {
    this.counts.set(counts);
  }

  /** Pixels of each true class, by predicted class. */
  rows(): number[][] {
    const n = this.numClasses;
    return Array.from({ length: n }, (_, c) => [...this.counts.subarray(c * n, (c + 1) * n)]);
  }

  /** A copy without the last classes if they have no pixels, but with at least `least` classes. */
  trimmed(least: number): ConfusionMatrix {
    const n = this.numClasses;
    let size = Math.max(1, least);
    this.counts.forEach((pixels, i) => {
      if (pixels > 0) size = Math.max(size, Math.floor(i / n) + 1, (i % n) + 1);
    });
    const trimmed = new ConfusionMatrix(size);
    for (let c = 0; c < Math.min(n, size); c++) {
      trimmed.counts.set(this.counts.subarray(c * n, c * n + Math.min(n, size)), c * size);
    }
    return trimmed;
  }

  /** Intersection over union of each class; NaN for a class that is neither true nor predicted anywhere. */
  iou(): number[] {
    return this.perClass((tp, row, column) => tp / (row + column - tp));
  }

  /** Share of each class's true pixels that are predicted correctly; NaN for a class without any. */
  accuracies(): number[] {
    return this.perClass((tp, row) => tp / row);
  }

  /** Mean of `iou` over the classes of the truth. */
  meanIou(): number {
    return this.meanOverTruth(this.iou());
  }

  /** Share of all pixels that are predicted correctly. */
  pixelAccuracy(): number {
    let correct = 0;
    for (let c = 0; c < this.numClasses; c++) correct += this.counts[c * this.numClasses + c]!;
    return correct / this.counts.reduce((a, b) => a + b, 0);
  }

  /** Mean of `accuracies` over the classes of the truth. */
  meanAccuracy(): number {
    return this.meanOverTruth(this.accuracies());
  }

  /**
   * @param score function from true positives, pixels of the true class (row) and pixels of the predicted class
   * (column)
   */
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
  const correct = [...predictions].filter((tag) => truths.has(tag)).length;
  return (2 * correct) / (predictions.size + truths.size);
}
