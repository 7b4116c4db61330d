import { Random } from "../../../src/engine/random.ts";
import {
  expectedMeanIou,
  type ClassPixels,
  type ExpectedMeanIou,
  type ReviewedImage,
} from "../../../src/studio/review/expected-mean-iou.ts";
import { isDrawn, lotOf, reviewQueue } from "../../../src/studio/review/queue.ts";

/** A data set whose masks are reviewed by a made-up person, in the order of the queue. */
export interface SimulatedReview {
  readonly images: number;
  readonly classes: number;
  /** Images that the person reviews before stopping. */
  readonly reviewed: number;
  /** How far confidences are from the quality of the masks. */
  readonly noise: number;
}

export interface SimulationResult {
  /** Mean IoU of all masks after the review, known to the simulation alone. */
  readonly truth: number;
  readonly expected: ExpectedMeanIou | undefined;
}

/**
 * Most drafts are good and some are bad; unsure ones are bad more often; a good half is accepted as it is; some classes are harder
 * and rarer than others; sizes of objects differ by powers of ten; the worst are rejected.
 */
export function simulateReview(
  random: Random,
  { images, classes, reviewed, noise }: SimulatedReview,
): SimulationResult {
  const ease = Array.from({ length: classes }, () => random.uniform(0.6, 1));
  const all = Array.from({ length: images }, (_, id) => {
    const quality = 1 - random.next() ** 2.5 * 0.9;
    const confidence = Math.min(1, Math.max(0, quality + noise * random.normal()));
    const isRejected = quality < 0.2 && random.chance(0.5);
    const isUntouched = !isRejected && random.chance(quality ** 2);
    const pixels = drawClasses(random, ease, isUntouched ? 1 : quality);
    const verdict = isRejected ? "rejected" : "accepted";
    return { id, lot: lotOf(`image ${id} of ${random.int(1e9)}`), confidence, verdict, classes: pixels } as const; // prettier-ignore
  });
  const queue = reviewQueue(all);
  const seen = queue.slice(0, reviewed).map((id) => all[id]!);
  const rest = queue.slice(reviewed).map((id) => all[id]!);
  const facts = seen.map((image): ReviewedImage => ({ ...image, drawn: isDrawn(image.lot) }));
  const byClass = new Map<string, number>();
  for (const { name } of rest.flatMap((image) => image.classes.slice(1))) {
    byClass.set(name, (byClass.get(name) ?? 0) + 1);
  }
  const waiting = {
    byConfidence: rest.map(({ confidence }) => ({ confidence, images: 1 })),
    byClass,
  };
  return { truth: meanIouOf(seen, rest), expected: expectedMeanIou(facts, waiting) };
}

function drawClasses(random: Random, ease: readonly number[], quality: number): ClassPixels[] {
  const drawn = new Map<number, ClassPixels>();
  const count = 1 + random.int(3);
  let [background, wrong] = [60_000, 0];
  for (let k = 0; k < count; k++) {
    // The first classes are the common ones.
    const index = Math.floor(ease.length * random.next() ** 2);
    const accepted = Math.round(Math.exp(random.uniform(Math.log(300), Math.log(30_000))));
    const overlap = quality === 1 ? 1 : Math.max(0, quality * ease[index]! + 0.1 * random.normal());
    const both = Math.round(accepted * Math.min(1, Math.sqrt(overlap)));
    const draft = Math.round(both + (accepted - both) * random.uniform(0, 2));
    drawn.set(index, { name: `class ${index}`, accepted, draft, both });
    background -= accepted / 3;
    wrong += accepted - both + (draft - both);
  }
  background = Math.max(1000, Math.round(background));
  const both = Math.max(0, background - wrong);
  return [{ name: "background", accepted: background, draft: both, both }, ...drawn.values()];
}

type Judged = Pick<ReviewedImage, "verdict" | "classes">;

function meanIouOf(seen: readonly Judged[], rest: readonly Judged[]): number {
  const sums = new Map<string, [both: number, union: number]>();
  const add = (name: string, both: number, union: number): void => {
    const [before, all] = sums.get(name) ?? [0, 0];
    sums.set(name, [before + both, all + union]);
  };
  for (const { verdict, classes } of seen) {
    if (verdict === "rejected") continue;
    for (const { name, accepted } of classes) add(name, accepted, accepted);
  }
  for (const { verdict, classes } of rest) {
    for (const { name, accepted, draft, both } of classes) {
      if (verdict === "accepted") add(name, both, accepted + draft - both);
      else if (name !== "background") add(name, 0, draft);
    }
  }
  const ious = [...sums.values()].filter(([, union]) => union > 0).map(([both, union]) => both / union); // prettier-ignore
  return ious.reduce((sum, iou) => sum + iou, 0) / ious.length;
}
