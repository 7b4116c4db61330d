import type { Labels, Maps } from "../pseudo/index.ts";
import { samples, type Samples } from "../pseudo/resize.ts";

/**
 * The label of the highest logit at every pixel of an image of the given size (method section 11): that of
 * the bilinearly resized logits, the first of equals, to the bit and without computing them all.
 *
 * Between four logits none is above their highest or below their lowest. So of the classes around a pixel
 * only those are computed whose highest reaches the best of the lowest: in most places a single one.
 *
 * @param segLogits [C + 1, h, w]
 */
export function labelsOf(segLogits: Maps, width: number, height: number): Labels {
  const across = samples(segLogits.width, width, false);
  const down = samples(segLogits.height, height, false);
  const columns = runsOf(across);
  const strips = runsOf(down);
  const tallest = Math.max(...strips.map(({ start, end }) => end - start));
  const canvas = { width, data: new Uint8Array(width * height), across, down };
  const contest = new Contest(segLogits, canvas, new Float32Array(tallest * width));
  const contenders = new Contenders(segLogits);
  for (const strip of strips) {
    contenders.find(strip.first, strip.second);
    for (const column of columns) {
      const from = column.first * segLogits.count;
      const count = contenders.counts[column.first]!;
      if (count === 1) fill(canvas, strip, column, contenders.labels[from]!);
      else contest.decide(strip, column, contenders.labels, from, from + count);
    }
  }
  return { width, height, data: canvas.data };
}

/** Neighboring samples that lie between the same two source positions. */
interface Run {
  readonly first: number;
  readonly second: number;
  readonly start: number;
  readonly end: number;
}

function runsOf({ first, second }: Samples): Run[] {
  const runs: Run[] = [];
  for (let start = 0, end = 0; start < first.length; start = end) {
    while (end < first.length && first[end] === first[start]) end++;
    runs.push({ first: first[start]!, second: second[start]!, start, end });
  }
  return runs;
}

/** The classes that may be the highest somewhere between two rows of logits. */
class Contenders {
  /** How many there are to the right of each column, until the next. */
  readonly counts: Int32Array;
  /** The first `counts[x]` of each column, ascending, [w, C + 1]. */
  readonly labels: Uint8Array;
  private readonly highest: Float32Array;
  private readonly bestLowest: Float32Array;
  /** Of NaN there are no bounds, and interpolating infinity makes it: then every class is a contender. */
  private readonly bounded: boolean;

  constructor(private readonly logits: Maps) {
    const { count, width, data } = logits;
    this.counts = new Int32Array(width);
    this.labels = new Uint8Array(width * count);
    this.highest = new Float32Array(width * count);
    this.bestLowest = new Float32Array(width);
    this.bounded = allFinite(data);
  }

  find(upper: number, lower: number): void {
    const { counts, labels, highest, bestLowest, logits } = this;
    const { count, width, height } = logits;
    bestLowest.fill(-Infinity);
    for (let k = 0; this.bounded && k < count; k++) {
      const above = (k * height + upper) * width;
      this.bound(above, above + (lower - upper) * width, k * width);
    }
    counts.fill(0);
    for (let k = 0, at = 0; k < count; k++) {
      for (let x = 0; x < width; x++, at++) {
        if (highest[at]! >= bestLowest[x]!) labels[x * count + counts[x]!++] = k;
      }
    }
  }

  /** Takes the four logits around every place between two rows of one class. */
  private bound(above: number, below: number, at: number): void {
    const { highest, bestLowest, logits } = this;
    const { width, data } = logits;
    // From right to left: the last column has no other beside it.
    let low = Infinity;
    let high = -Infinity;
    for (let x = width - 1; x >= 0; x--) {
      const upper = data[above + x]!;
      const lower = data[below + x]!;
      const less = upper < lower ? upper : lower;
      const more = upper < lower ? lower : upper;
      const lowest = less < low ? less : low;
      highest[at + x] = more > high ? more : high;
      if (lowest > bestLowest[x]!) bestLowest[x] = lowest;
      low = less;
      high = more;
    }
  }
}

function allFinite(data: Float32Array): boolean {
  for (let i = 0; i < data.length; i++) if (!Number.isFinite(data[i]!)) return false;
  return true;
}

/** The labels under way, and where their pixels come from. */
interface Canvas {
  readonly width: number;
  readonly data: Uint8Array;
  readonly across: Samples;
  readonly down: Samples;
}

function fill({ width, data }: Canvas, strip: Run, column: Run, label: number): void {
  for (let y = strip.start; y < strip.end; y++) {
    for (let at = y * width + column.start; at < y * width + column.end; at++) data[at] = label;
  }
}

/** Compares the interpolated logits of several classes, computed as `resize` does it. */
class Contest {
  /** @param highest scratch for as many rows as a strip may have */
  constructor(
    private readonly logits: Maps,
    private readonly canvas: Canvas,
    private readonly highest: Float32Array,
  ) {}

  /** @param labels of the classes, from one place to another */
  decide(strip: Run, column: Run, labels: Uint8Array, from: number, to: number): void {
    const { highest, canvas, logits } = this;
    const { width, data, across, down } = canvas;
    for (let row = 0; row < strip.end - strip.start; row++) {
      highest.fill(-Infinity, row * width + column.start, row * width + column.end);
    }
    for (let i = from; i < to; i++) {
      const label = labels[i]!;
      const upper = (label * logits.height + strip.first) * logits.width;
      const lower = (label * logits.height + strip.second) * logits.width;
      const topLeft = logits.data[upper + column.first]!;
      const topRight = logits.data[upper + column.second]!;
      const bottomLeft = logits.data[lower + column.first]!;
      const bottomRight = logits.data[lower + column.second]!;
      for (let x = column.start; x < column.end; x++) {
        const part = across.share[x]!;
        const top = Math.fround(topLeft * (1 - part) + topRight * part);
        const bottom = Math.fround(bottomLeft * (1 - part) + bottomRight * part);
        for (let y = strip.start, at = x; y < strip.end; y++, at += width) {
          const share = down.share[y]!;
          const logit = Math.fround(top * (1 - share) + bottom * share);
          if (!(logit > highest[at]!)) continue;
          highest[at] = logit;
          data[y * width + x] = label;
        }
      }
    }
  }
}
