/**
 * Ways to treat an object of which only the box is known: its pixels are ignored (255), they get the label of the object, or
 * the image is left out.
 */
export const boxRules = ["ignore", "fill", "leave-out"] as const;
export type BoxRule = (typeof boxRules)[number];

/**
 * Ways to treat an image without any annotation. In a data set that was annotated completely it shows nothing; in the export of
 * one under way nobody has looked at it. The file does not tell, so it is left out unless asked otherwise.
 */
export const unannotatedRules = ["leave-out", "ignore", "background"] as const;
export type UnannotatedRule = (typeof unannotatedRules)[number];
