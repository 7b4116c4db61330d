/**
 * Branch of a model that masks of tagged images can come from. `segmentation`: the segmentation branch, limited to the
 * tags and the background. `affinity`: class activations propagated along the affinity, then refined along colors. `cam`:
 * class activations, then refined along colors.
 */
export type TagMaskSource = "segmentation" | "affinity" | "cam";

export const tagMaskSources: readonly TagMaskSource[] = ["segmentation", "affinity", "cam"];

/** Measurements on tagged images, none of which needs a true mask; each is a mean over the images, 0..1. */
export interface SourceMeasurements {
  /** Number of images measured. */
  readonly images: number;
  /** F1 of the tags and the classes of the mask that the segmentation makes without knowing the tags. */
  readonly tagsFound: number;
  /** Share of the tags that have pixels in the masks of each source. */
  readonly tagsShown: Readonly<Record<TagMaskSource, number>>;
  /** Share of the pixels that the masks of each source give to tags. */
  readonly area: Readonly<Record<TagMaskSource, number>>;
  /** Mean IoU of the masks of two sources, over the classes of either. */
  readonly agreement: {
    readonly segmentationAffinity: number;
    readonly segmentationCam: number;
    readonly affinityCam: number;
  };
}

export interface SourceChoice {
  readonly source: TagMaskSource;
  /** The reason, as a clause. */
  readonly reason: string;
  /** Null where there is nothing to choose. */
  readonly measured: SourceMeasurements | null;
}

/** Least measurements for a choice, and least differences between measurements that count, 0..1. */
export interface SourceLimits {
  /** `tagsFound`, `tagsShown` and agreement with one of the others from which masks come from the segmentation. */
  readonly found: number;
  readonly shown: number;
  readonly agreed: number;
  /** `tagsFound` and agreement from which the segmentation has learned enough to compare the other two with it. */
  readonly compared: number;
  /** Difference of `tagsShown` by which one of the other two sources is better. */
  readonly moreShown: number;
}

export const sourceLimits: SourceLimits = {
  found: 0.6,
  shown: 0.8,
  agreed: 0.5,
  compared: 0.3,
  moreShown: 0.05,
};

/**
 * Chooses the source of masks by measurements on tagged images (method 3.5): the segmentation if it finds the tags where the
 * class activations see them; else class activations, along the affinity if that shows more of the tags or agrees more with
 * a segmentation that has begun to learn. Both learn from the same step on: where the segmentation knows nothing, the
 * affinity is not trained either.
 */
export function chooseByTags(
  measured: SourceMeasurements,
  limits: SourceLimits = sourceLimits,
): SourceChoice {
  const { images, tagsFound, tagsShown, agreement } = measured;
  if (images === 0) {
    return { source: "affinity", reason: "there is no tagged image to choose by", measured };
  }
  const agreed = Math.max(agreement.segmentationAffinity, agreement.segmentationCam);
  const facts =
    `on ${images} ${images === 1 ? "image" : "images"} the segmentation finds the tags with an F1 of ` +
    `${percent(tagsFound)}, shows ${percent(tagsShown.segmentation)} of the tags it is told and agrees with class ` +
    `activations by an IoU of ${percent(agreed)}`;
  if (
    tagsFound >= limits.found &&
    tagsShown.segmentation >= limits.shown &&
    agreed >= limits.agreed
  ) {
    return { source: "segmentation", reason: facts, measured };
  }
  const { found, shown } = limits;
  const lacks = `${facts}, where ${percent(found)}, ${percent(shown)} and ${percent(limits.agreed)} are needed`;
  if (Math.abs(tagsShown.affinity - tagsShown.cam) > limits.moreShown) {
    const { higher, clause } = compare(
      "the share of tags shown",
      tagsShown.affinity,
      tagsShown.cam,
    );
    return { source: higher, reason: `${lacks}; ${clause}`, measured };
  }
  if (tagsFound < limits.compared || agreed < limits.compared) {
    const reason = `${lacks}; the affinity, trained with it, has learned as little`;
    return { source: "cam", reason, measured };
  }
  const { higher, clause } = compare(
    "the agreement with the segmentation",
    agreement.segmentationAffinity,
    agreement.segmentationCam,
  );
  return { source: higher, reason: `${lacks}; ${clause}`, measured };
}

function compare(
  what: string,
  affinity: number,
  cam: number,
): { readonly higher: "affinity" | "cam"; readonly clause: string } {
  return {
    higher: affinity >= cam ? "affinity" : "cam",
    clause: `${what} is ${percent(affinity)} with the affinity, ${percent(cam)} without`,
  };
}

function percent(share: number): string {
  return `${Math.round(100 * share)} %`;
}
