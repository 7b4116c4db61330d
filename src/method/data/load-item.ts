import { augment, type AugmentOptions, type Augmented } from "./augment.ts";
import type { Image } from "../images/image.ts";
import { augmentationStream } from "./sampler.ts";
import { UserError } from "../../user-error.ts";
import type { ImageCodec } from "../../host/codec.ts";

/** Request for one crop: plain data, so that it can be sent to a worker. */
export interface LoadRequest {
  /** Path of the image. */
  readonly image: string;
  readonly seed: number;
  /** Position in the run, from which the augmentation follows. */
  readonly k: number;
  readonly options: AugmentOptions;
}

/** The crop, or the reason why the image cannot be read. */
export type LoadReply = Augmented | { readonly broken: string };

/** Bytes of decoded images that each thread keeps: 1,300 images of 128 x 128. */
const cacheLimit = 64 * 1024 * 1024;

/** Bytes of the largest image that is kept: a larger one would take the place of many small ones. */
const largestKept = 512 * 512 * 3;

const cache = new Map<string, Image>();
let cached = 0;

/** Decodes an image and cuts an augmented crop from it; the same request gives the same bytes anywhere. */
export async function loadItem(
  { image, seed, k, options }: LoadRequest,
  codec: ImageCodec,
): Promise<LoadReply> {
  try {
    return augment(await decoded(image, codec), augmentationStream(seed, k), options);
  } catch (error) {
    if (error instanceof UserError) return { broken: error.message };
    throw error;
  }
}

/** Epochs visit all images in turn, so what is kept first stays: evicting would empty the cache for nothing. */
async function decoded(path: string, codec: ImageCodec): Promise<Image> {
  const kept = cache.get(path);
  if (kept) return kept;
  const image = await codec.decode(path);
  const bytes = image.data.length;
  if (bytes <= largestKept && cached + bytes <= cacheLimit && !cache.has(path)) {
    cache.set(path, image);
    cached += bytes;
  }
  return image;
}
