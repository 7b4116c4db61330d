/** Pixels of a class in one image, where the person's mask knows the class. */
export interface ClassPixels {
  /** Name of the class; `background` for label 0. */
  readonly name: string;
  /** In the accepted mask. */
  readonly accepted: number;
  /** In the draft, as it was first shown. */
  readonly draft: number;
  /** In both. */
  readonly both: number;
}

/** An image with a verdict about its mask. */
export interface ReviewedImage {
  readonly verdict: "accepted" | "rejected";
  /** Whether it was drawn at random for the queue, so that it tells of images that nobody has looked at. */
  readonly drawn: boolean;
  /** Confidence of its draft. */
  readonly confidence: number;
  readonly classes: readonly ClassPixels[];
}

/** Images with a draft that nobody has looked at. */
export interface WaitingImages {
  /** How many there are, by the confidence of their drafts. */
  readonly byConfidence: readonly { readonly confidence: number; readonly images: number }[];
  /** How many have each class by their tags, by its name; those with unknown tags are left out. */
  readonly byClass: ReadonlyMap<string, number>;
}

export interface ExpectedMeanIou {
  readonly meanIou: number;
  /** Ends of the 90 % interval. */
  readonly low: number;
  readonly high: number;
  /** Reviewed images drawn at random that it rests on. */
  readonly drawn: number;
}

/** Fewest drawn images that an expectation is made of. */
export const fewestDrawn = 5;

/** Drawn images of the nearest confidence that stand for an image that waits. */
const nearest = 4;

const background = "background";

/** Variance of the IoU between classes where too few were drawn to tell: that of a standard deviation of 0.2. */
const unknownSpread = 0.04;

/** Most groups of the jackknife. */
const mostGroups = 60;

/**
 * Mean IoU of all masks if the review stopped now, with a 90 % interval; undefined for fewer than five drawn images.
 *
 * Over a data set the IoU of a class is the sum of its intersections over the sum of its unions (Everingham et al., The PASCAL Visual
 * Object Classes Challenge, IJCV 2010, 4.4). Accepted masks count as right, so that with the share l_c of the class that is in
 * images which wait
 *
 *     mIoU = mean over c of (1 - l_c) + l_c r_c        r_c = (sum_i w_i I_ic + m r) / (sum_i w_i U_ic + m)
 *
 * - l_c: waiting images with the tag c over those and the accepted ones that show c. For the background, all waiting images.
 * - i: the drawn images with a verdict; I_ic and U_ic: intersection and union of draft and accepted mask. In a rejected draft all
 *   pixels of classes are wrong, and it says nothing about the background.
 * - w_i: for how many waiting images i stands. Each of these is shared among the four drawn ones of the nearest confidence, since the
 *   images that wait are surer than those that were reviewed (nearest-neighbor imputation; Chen and Shao, Journal of Official
 *   Statistics 16, 2000).
 * - r: the same ratio over all classes, and m the mean of w_i U_ic: one made-up image of middling quality for each class, without
 *   which a class that was drawn once or never would have any value (ratio estimates from few items; Fay and Herriot, JASA 74, 1979).
 *
 * The interval comes from the jackknife, whose variance errs to the safe side (Efron and Stein, Annals of Statistics 9, 1981), with
 * Student's t, and from how far apart the classes are for those never drawn. Two made-up images take part in it, one right and one
 * half wrong (after Agresti and Coull, The American Statistician 52, 1998): a handful of perfect drafts would have an interval of no
 * width. Its low end is on the scale of the logarithm of 1 - mIoU, since rare bad masks make errors skewed.
 */
export function expectedMeanIou(
  reviewed: readonly ReviewedImage[],
  waiting: WaitingImages,
): ExpectedMeanIou | undefined {
  const drawn = reviewed.filter((image) => image.drawn);
  if (drawn.length < fewestDrawn) return undefined;
  const shares = sharesLeft(reviewed, waiting);
  const byRising = [...waiting.byConfidence].sort(byConfidence);
  const { meanIou } = estimate(drawn, byRising, shares);
  const sample = [...drawn, ...madeUp(drawn)].sort(byConfidence);
  const groups = Math.min(sample.length, mostGroups);
  const center = estimate(sample, byRising, shares);
  const without = Array.from(
    { length: groups },
    (_, group) =>
      estimate(
        sample.filter((_image, i) => i % groups !== group),
        byRising,
        shares,
      ).meanIou,
  );
  const mean = without.reduce((sum, value) => sum + value, 0) / groups;
  const squares = without.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  const variance = ((groups - 1) / groups) * squares + center.unseenVariance;
  const error = 1 - center.meanIou;
  // As a share of the error.
  const half = error === 0 ? 0 : (studentQuantile(groups - 1) * Math.sqrt(variance)) / error;
  return {
    meanIou,
    low: Math.max(0, Math.min(meanIou, 1 - error * Math.exp(half))),
    high: Math.min(1, Math.max(meanIou, 1 - error + error * half)),
    drawn: drawn.length,
  };
}

/** By class, the share of its pixels that is in images which wait, 0..1. */
function sharesLeft(
  reviewed: readonly ReviewedImage[],
  { byConfidence: waiting, byClass }: WaitingImages,
): ReadonlyMap<string, number> {
  const accepted = reviewed.filter(({ verdict }) => verdict === "accepted");
  const left = waiting.reduce((sum, { images }) => sum + images, 0);
  const done = new Map<string, number>();
  for (const { classes } of accepted) {
    for (const { name, accepted: pixels } of classes) {
      if (pixels > 0) done.set(name, (done.get(name) ?? 0) + 1);
    }
  }
  const names = new Set([...done.keys(), ...byClass.keys()]);
  return new Map(
    [...names].map((name) => {
      const reviewedImages = done.get(name) ?? 0;
      // Without a tag on any waiting image nothing is known of their classes.
      const waitingImages =
        name === background || byClass.size === 0
          ? (left * reviewedImages) / (accepted.length || 1)
          : (byClass.get(name) ?? 0);
      return [name, waitingImages / (waitingImages + reviewedImages || 1)] as const;
    }),
  );
}

function estimate(
  sample: readonly ReviewedImage[],
  waiting: WaitingImages["byConfidence"],
  shares: ReadonlyMap<string, number>,
): { readonly meanIou: number; readonly unseenVariance: number } {
  const drafts = new Map<string, Overlap>();
  const all: Overlap = { both: 0, union: 0 };
  let entries = 0;
  const weights = weightsOf(sample, waiting);
  sample.forEach((image, i) => {
    for (const { name, both, union } of overlapsOf(image)) {
      const sums = drafts.get(name) ?? { both: 0, union: 0 };
      const [weightedBoth, weightedUnion] = [weights[i]! * both, weights[i]! * union];
      drafts.set(name, { both: sums.both + weightedBoth, union: sums.union + weightedUnion });
      if (name === background || union === 0) continue;
      all.both += weightedBoth;
      all.union += weightedUnion;
      entries++;
    }
  });
  const typical = all.union > 0 ? all.both / all.union : 1;
  const made = all.union / (entries || 1);
  const iouOf = (name: string): number => {
    const { both, union } = drafts.get(name) ?? { both: 0, union: 0 };
    if (name === background) return union > 0 ? both / union : 1;
    return (both + made * typical) / (union + made || 1);
  };
  const seen = [...drafts]
    .filter(([name, { union }]) => name !== background && union > 0)
    .map(([name]) => iouOf(name));
  const spread =
    seen.length > 1
      ? seen.reduce((sum, iou) => sum + (iou - typical) ** 2, 0) / (seen.length - 1)
      : unknownSpread;
  let [sum, unseen] = [0, 0];
  for (const [name, left] of shares) {
    sum += 1 - left + left * iouOf(name);
    if (!drafts.has(name)) unseen += left ** 2 * spread;
  }
  return { meanIou: sum / shares.size, unseenVariance: unseen / shares.size ** 2 };
}

/** Intersection and union of the drafts of a class. */
interface Overlap {
  both: number;
  union: number;
}

function overlapsOf({ verdict, classes }: ReviewedImage): ({ name: string } & Overlap)[] {
  return classes.flatMap(({ name, accepted, draft, both }) => {
    if (verdict === "accepted") return [{ name, both, union: accepted + draft - both }];
    return name === "background" ? [] : [{ name, both: 0, union: draft }];
  });
}

/** The number of waiting images that each image of a sample stands for. @param waiting by rising confidence */
function weightsOf(
  sample: readonly ReviewedImage[],
  waiting: WaitingImages["byConfidence"],
): Float64Array {
  const order = [...sample.keys()].sort((a, b) => byConfidence(sample[a]!, sample[b]!));
  const confidences = order.map((i) => sample[i]!.confidence);
  const near = Math.min(nearest, order.length);
  const weights = new Float64Array(sample.length);
  let first = 0;
  for (const { confidence, images } of waiting) {
    while (
      first + near < order.length &&
      confidences[first + near]! - confidence < confidence - confidences[first]!
    ) {
      first++;
    }
    // All that are as near as the last of them share alike, so that many equal confidences do not make four images stand for all.
    const farthest = Math.max(
      confidence - confidences[first]!,
      confidences[first + near - 1]! - confidence,
    );
    let [from, to] = [first, first + near];
    while (from > 0 && confidence - confidences[from - 1]! <= farthest) from--;
    while (to < order.length && confidences[to]! - confidence <= farthest) to++;
    for (let k = from; k < to; k++) weights[order[k]!]! += images / (to - from);
  }
  return weights;
}

function byConfidence(
  a: { readonly confidence: number },
  b: { readonly confidence: number },
): number {
  return a.confidence - b.confidence;
}

/** Two images with the mean pixels and the median confidence of others: one right, one half wrong. */
function madeUp(drawn: readonly ReviewedImage[]): ReviewedImage[] {
  const accepted = new Map<string, number>();
  for (const { classes } of drawn) {
    for (const { name, accepted: pixels } of classes)
      accepted.set(name, (accepted.get(name) ?? 0) + pixels);
  }
  const { confidence } = [...drawn].sort(byConfidence)[drawn.length >> 1]!;
  return [1, 0.5].map((share) => {
    const classes = [...accepted].map(([name, pixels]) => {
      const mean = pixels / drawn.length;
      // Two areas of the same size with an intersection of s and a union of 1 have (1 + s) / 2 each.
      const area = (mean * (1 + share)) / 2;
      return { name, accepted: area, draft: area, both: mean * share };
    });
    return { verdict: "accepted", drawn: true, confidence, classes };
  });
}

/**
 * The 95 % quantile of Student's t, by the expansion of Cornish and Fisher (Abramowitz and Stegun, 26.7.5), for 4 degrees of freedom and
 * more within 0.01.
 */
export function studentQuantile(freedom: number): number {
  const x = 1.6448536269514722;
  const terms = [
    (x ** 3 + x) / 4,
    (5 * x ** 5 + 16 * x ** 3 + 3 * x) / 96,
    (3 * x ** 7 + 19 * x ** 5 + 17 * x ** 3 - 15 * x) / 384,
    (79 * x ** 9 + 776 * x ** 7 + 1482 * x ** 5 - 1920 * x ** 3 - 945 * x) / 92160,
  ];
  return terms.reduce((sum, term, k) => sum + term / freedom ** (k + 1), x);
}
