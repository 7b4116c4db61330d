import { gatherTexts, type Exchange } from "../../host/exchange.ts";
import { ConfusionMatrix } from "./metrics.ts";

/** What one image adds to the scores, in a form that JSON keeps exactly. */
export interface ImageScores {
  /** F1 of its tags, if they are known. */
  readonly tagF1?: number;
  /** Pixels by true and predicted class for each kind of labels, as `ConfusionMatrix.cells`; only with a true mask. */
  readonly pixels?: Readonly<Record<string, readonly number[]>>;
}

/** What images that were measured before add to the scores, by their numbers from 0; undefined for others. */
export type KnownScores = (index: number) => ImageScores | undefined;

/** Sums of the scores of images. They are added in the order of the images, so that the last digit does not depend on when. */
export class Tally<K extends string> {
  readonly matrices: Readonly<Record<K, ConfusionMatrix>>;
  /** Images with a true mask. */
  masks = 0;
  private f1 = 0;
  private tagged = 0;

  /** @param numClasses classes including the background */
  constructor(kinds: readonly K[], numClasses: number) {
    const matrices = kinds.map((kind) => [kind, new ConfusionMatrix(numClasses)]);
    this.matrices = Object.fromEntries(matrices) as Record<K, ConfusionMatrix>;
  }

  add({ tagF1, pixels }: ImageScores): void {
    if (tagF1 !== undefined) {
      this.f1 += tagF1;
      this.tagged++;
    }
    if (!pixels) return;
    this.masks++;
    for (const [kind, cells] of Object.entries(pixels)) {
      (this.matrices as Record<string, ConfusionMatrix>)[kind]?.addCells(cells);
    }
  }

  /** Mean F1 of the tags; NaN without images whose tags are known. */
  get tagF1(): number {
    return this.f1 / this.tagged;
  }
}

/** The counts of one image for each kind of its labels. */
export function pixelsOf<K extends string>(
  truth: Uint8Array,
  labels: Readonly<Partial<Record<K, { readonly data: Uint8Array } | undefined>>>,
  numClasses: number,
): Readonly<Partial<Record<K, ConfusionMatrix>>> {
  const found: Partial<Record<K, ConfusionMatrix>> = {};
  for (const kind of Object.keys(labels) as K[]) {
    const map = labels[kind];
    if (!map) continue;
    const matrix = new ConfusionMatrix(numClasses);
    matrix.add(truth, map.data);
    found[kind] = matrix;
  }
  return found;
}

/** The counts of matrices as JSON keeps them. */
export function cellsOf(
  matrices: Readonly<Record<string, ConfusionMatrix | undefined>>,
): Record<string, readonly number[]> {
  const cells: Record<string, readonly number[]> = {};
  for (const [kind, matrix] of Object.entries(matrices)) if (matrix) cells[kind] = matrix.cells();
  return cells;
}

/**
 * Places of the samples that a process evaluates. Those of which panels are drawn belong to rank 0, all others to the ranks
 * in turn.
 */
export function shareOf(
  count: number,
  panels: number,
  { rank, size }: Pick<Exchange, "rank" | "size">,
): number[] {
  const owner = (place: number): number => (place < panels ? 0 : (place - panels + 1) % size);
  return [...Array(count).keys()].filter((place) => owner(place) === rank);
}

/** What became of a sample, by its place among all: its scores, or why it was left out. */
export type SampleOutcome = readonly [place: number, outcome: ImageScores | string];

/** The outcomes of all processes, in the order of the samples. */
export async function gatherOutcomes(
  exchange: Exchange,
  own: readonly SampleOutcome[],
): Promise<SampleOutcome[]> {
  const texts = await gatherTexts(exchange, JSON.stringify(own));
  return texts.flatMap((text) => JSON.parse(text) as SampleOutcome[]).sort(([a], [b]) => a - b);
}
