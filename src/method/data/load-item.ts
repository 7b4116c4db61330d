import { augment, type AugmentOptions, type Augmented } from "./augment.ts";
import type { Image, LabelMap } from "../images/image.ts";
import { checkMaskSize, classesIn, translateLabels, type KnownMask } from "./known-mask.ts";
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
  readonly mask?: MaskRequest;
}

/** A mask to crop with the image. */
export interface MaskRequest extends Pick<KnownMask, "where" | "labels"> {
  /** The content of a mask that is no file. */
  readonly content?: LabelMap;
}

/** A crop, and the classes of the whole mask, if there is one. */
export interface LoadedCrop extends Augmented {
  readonly maskClasses?: readonly number[];
}

/** The crop, or the reason why the image or its mask cannot be read. */
export type LoadReply = LoadedCrop | { readonly broken: string };

/** Bytes of decoded images and masks that each thread caches: 1,300 images of 128 x 128. */
const cacheLimit = 64 * 1024 * 1024;

/** Bytes of the largest image that is cached: a larger one would displace many small ones. */
const largestCached = 512 * 512 * 3;

const images = new Map<string, Image>();
const masks = new Map<string, LabelMap>();
let cachedBytes = 0;

/** Decodes an image and cuts an augmented crop from it; the same request gives the same bytes anywhere. */
export async function loadItem(
  { image: path, seed, k, options, mask: request }: LoadRequest,
  codec: ImageCodec,
): Promise<LoadReply> {
  try {
    const image = await cached(images, path, () => codec.decode(path));
    const random = augmentationStream(seed, k);
    if (!request) return augment(image, random, options);
    const { where, content } = request;
    const stored = content ?? (await cached(masks, where, () => codec.decodeLabels(where)));
    checkMaskSize(stored, where, image, path);
    const mask = translateLabels(stored, request);
    return { ...augment(image, random, options, mask), maskClasses: classesIn(mask) };
  } catch (error) {
    if (error instanceof UserError) return { broken: error.message };
    throw error;
  }
}

/**
 * Takes an image or mask from a cache, or decodes it. Nothing is evicted: epochs visit all images, so the cache would be
 * replaced without a hit.
 */
async function cached<T extends Image | LabelMap>(
  cache: Map<string, T>,
  path: string,
  decode: () => Promise<T>,
): Promise<T> {
  const hit = cache.get(path);
  if (hit) return hit;
  const decoded = await decode();
  const bytes = decoded.data.length;
  if (bytes <= largestCached && cachedBytes + bytes <= cacheLimit && !cache.has(path)) {
    cache.set(path, decoded);
    cachedBytes += bytes;
  }
  return decoded;
}
