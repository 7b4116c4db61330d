import { augment, type AugmentOptions, type Augmented } from "./augment.ts";
import type { Image } from "../images/image.ts";
import { augmentationStream } from "./sampler.ts";
import { UserError } from "../../user-error.ts";
import type { ImageCodec } from "../../host/codec.ts";

/** Request for one crop, as plain data that can be sent to a worker. */
export interface LoadRequest {
  /** Path of the image. */
  readonly image: string;
  readonly seed: number;
  /** Position in the run, which determines the augmentation. */
  readonly k: number;
  readonly options: AugmentOptions;
}

/** The crop, or the reason why the image cannot be read. */
export type LoadReply = Augmented | { readonly broken: string };

/** Bytes of decoded images that each thread caches: 1,300 images of 128 x 128. */
const cacheLimit = 64 * 1024 * 1024;

/** Bytes of the largest image that is cached: a larger one would displace many small ones. */
const largestCached = 512 * 512 * 3;

const cache = new Map<string, Image>();
let cachedBytes = 0;

/** Decodes an image and cuts an augmented crop from it; the same request gives the same bytes anywhere. */
export async function loadItem(
  { image, seed, k, options }: LoadRequest,
  codec: ImageCodec,
): Promise<LoadReply> {
  try {
    return augment(await decode(image, codec), augmentationStream(seed, k), options);
  } catch (error) {
    if (error instanceof UserError) return { broken: error.message };
    throw error;
  }
}

/**
 * Decodes an image or takes it from the cache. Nothing is evicted: epochs visit all images, so the cache would be
 * replaced without a hit.
 */
async function decode(path: string, codec: ImageCodec): Promise<Image> {
  const hit = cache.get(path);
  if (hit) return hit;
  const image = await codec.decode(path);
  const bytes = image.data.length;
  if (bytes <= largestCached && cachedBytes + bytes <= cacheLimit && !cache.has(path)) {
    cache.set(path, image);
    cachedBytes += bytes;
  }
  return image;
}
