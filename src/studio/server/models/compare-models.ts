import { ConfusionMatrix } from "../../../method/eval/metrics.ts";
import { ignoreIndex, type LabelMap } from "../../../method/images/image.ts";
import type { Comparison } from "../../protocol.ts";

/** Pixels that are counted before others are answered. */
const pixelsAtOnce = 1 << 20;

/** An image with its corrected mask and the masks of two models. */
export interface ComparedImage {
  readonly id: number;
  readonly truth: LabelMap;
  readonly before: LabelMap;
  readonly after: LabelMap;
}

/**
 * How near the masks of two models are to corrected ones. Pixels that are not known there do not count, nor do those that one of the two
 * leaves unknown, so that both are scored by the same pixels.
 */
export async function compareMasks(
  images: AsyncIterable<ComparedImage>,
  classes: number,
): Promise<Omit<Comparison, "trainedOn">> {
  const sums = {
    before: new ConfusionMatrix(classes + 1),
    after: new ConfusionMatrix(classes + 1),
  };
  const scores: Comparison["images"] = [];
  for await (const { id, truth, before, after } of images) {
    // One of another size was made for another content of the file.
    if ([before, after].some(({ data }) => data.length !== truth.data.length)) continue;
    const known = knownToAll(truth, before, after);
    const own = { before: await count(known, before, classes), after: await count(known, after, classes) }; // prettier-ignore
    if (!Number.isFinite(own.before.meanIou())) continue;
    sums.before.merge(own.before);
    sums.after.merge(own.after);
    scores.push({ id, before: own.before.meanIou(), after: own.after.meanIou() });
  }
  const meanOf = (sum: ConfusionMatrix): number | null => (scores.length > 0 ? sum.meanIou() : null); // prettier-ignore
  return { images: scores, before: meanOf(sums.before), after: meanOf(sums.after) };
}

/** The truth without the pixels that another mask leaves unknown; itself if there are none. */
function knownToAll(truth: LabelMap, ...masks: readonly LabelMap[]): LabelMap {
  const open = masks.filter(({ data }) => data.includes(ignoreIndex));
  if (open.length === 0) return truth;
  const data = truth.data.map((label, p) =>
    open.some((mask) => mask.data[p] === ignoreIndex) ? ignoreIndex : label,
  );
  return { ...truth, data };
}

async function count(truth: LabelMap, mask: LabelMap, classes: number): Promise<ConfusionMatrix> {
  const matrix = new ConfusionMatrix(classes + 1);
  for (let at = 0; at < truth.data.length; at += pixelsAtOnce) {
    matrix.add(
      truth.data.subarray(at, at + pixelsAtOnce),
      mask.data.subarray(at, at + pixelsAtOnce),
    );
    await new Promise((resolve) => setImmediate(resolve));
  }
  return matrix;
}
