import type { Image, LabelMap } from "../images/image.ts";

/** One image of a data set and its tags. Plain data, so that it can be sent to a worker. */
export interface Sample {
  /** Unique in the data set and usable as a file name, without extension. */
  readonly name: string;
  /** Address of the image for the host: a path in Node. */
  readonly image: string;
  /** Indices into `Dataset.classes`, ascending, from 0 (foreground classes only). */
  readonly tags: readonly number[];
  /** The tags are unknown, as in a test split; `tags` is empty. */
  readonly untagged?: true;
  /** Address of the true mask, if there is one: for evaluation, and for training only if `data.masks` is "train". */
  readonly mask?: string;
}

/** Images with tags, in named splits. */
export interface Dataset {
  /** Foreground class names; label i + 1 in a mask is classes[i]. */
  readonly classes: readonly string[];
  readonly splits: Readonly<Record<string, readonly Sample[]>>;
}

/** Reads the images and masks that samples name; a host provides it. */
export interface SampleReader {
  readImage(sample: Sample): Promise<Image>;
  readMask(sample: Sample): Promise<LabelMap>;
}

/** Input of one training step. */
export interface Batch {
  readonly names: readonly string[];
  readonly size: number;
  readonly crop: number;
  /** Augmented crops, [size, crop, crop, 3], 0..255, padding 0. */
  readonly images: Uint8Array;
  /** 1 where a class is present, [size, C]. */
  readonly tags: Float32Array;
  /** [y0, y1, x0, x1] half-open, the part of each crop that is image and not padding, [size, 4]. */
  readonly boxes: Int32Array;
  /**
   * Known labels of the crops, [size, crop, crop]: 0 background, i the i-th class from 1 on, 255 not known and padding
   * (method 2.15); absent if nothing is known.
   */
  readonly known?: Uint8Array;
}

/** Source of batches; the batch of a step depends on the step alone. */
export interface BatchSource {
  next(step: number): Promise<Batch>;
}
