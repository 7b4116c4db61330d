/**
 * Ways to treat an object of which only the box is known: its pixels are ignored (255), they get the label of the object, or
 * the image is left out.
 */
export const boxRules = ["ignore", "fill", "leave-out"] as const;
export type BoxRule = (typeof boxRules)[number];
