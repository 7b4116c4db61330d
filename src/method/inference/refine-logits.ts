import type { Image, LabelMap } from "../images/image.ts";
import type { Maps } from "../images/maps.ts";

/**
 * Turns an image and its segmentation logits, which may be smaller than the image, into labels at the image's size, as
 * a dense CRF does (method 3.2). A host passes it in and may run it in another thread.
 */
export type RefineLogits = (image: Image, logits: Maps) => Promise<LabelMap>;
