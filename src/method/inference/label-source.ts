/** Branches of a model that masks of tagged images can come from. */
export const tagMaskSources = ["segmentation", "affinity", "cam"] as const;

/**
 * `segmentation`: the segmentation branch, limited to the tags and the background. `affinity`: class activations
 * propagated along the affinity, then refined along colors. `cam`: class activations, then refined along colors.
 */
export type TagMaskSource = (typeof tagMaskSources)[number];

/** Measurements on tagged images, none of which needs a true mask; each is a mean over the images, 0..1. */
export interface SourceMeasurements {
  /** Number of images measured. */
  readonly images: number;
  /** F1 of the tags and the classes of the mask that the segmentation makes without knowing the tags. */
  readonly tagsFound: number;
  /** Share of the tags that have pixels when the segmentation knows the tags. */
  readonly tagsShown: number;
  /** Mean IoU of the masks of the segmentation, knowing the tags, and of the class activations. */
  readonly agreement: number;
}

export interface SourceChoice {
  readonly source: TagMaskSource;
  /** The reason, as a clause. */
  readonly reason: string;
  /** Null where there is nothing to choose. */
  readonly measured: SourceMeasurements | null;
}

/** Least `tagsFound` and `tagsShown` of a segmentation whose masks are better than those of class activations. */
const leastFound = 0.6;
const leastShown = 0.8;

/** Chooses the source of masks by measurements on tagged images. */
export function chooseByTags(measured: SourceMeasurements): SourceChoice {
  const { images, tagsFound, tagsShown } = measured;
  if (images === 0) {
    return { source: "affinity", reason: "no image has tags to choose by", measured };
  }
  const percent = (share: number): string => `${Math.round(100 * share)} %`;
  const facts =
    `on ${images} images, the segmentation finds the tags with an F1 of ${percent(tagsFound)} and shows ` +
    `${percent(tagsShown)} of the tags it is told`;
  return tagsFound >= leastFound && tagsShown >= leastShown
    ? { source: "segmentation", reason: facts, measured }
    : {
        source: "affinity",
        reason: `${facts}; it would need ${percent(leastFound)} and ${percent(leastShown)}`,
        measured,
      };
}
