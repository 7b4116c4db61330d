import type { FileHost } from "../../host/host.ts";
import { arrange, type Arranged } from "./arrange.ts";
import { headersOf, type HeadersOf } from "./assemble.ts";
import type { HeaderFacts } from "./check-headers.ts";
import { readPixels, type PixelFacts } from "./check-pixels.ts";
import { listDataset } from "./layouts/detect.ts";
import { pathOf, type Size } from "./listing/entry.ts";
import type { Listing, OnProgress } from "./listing/listing.ts";
import { datasetReader } from "./reader.ts";

/** A data set whose names and tags are known, and none of whose images was opened. */
export interface ListedDataset extends Arranged {
  readonly root: string;
  readonly listing: Listing;
}

/** What the files of an image and its mask show. */
export interface LookedAt {
  readonly headers: HeaderFacts;
  /** Absent if they were not decoded. */
  readonly pixels?: PixelFacts;
}

/** Looks at the images of a data set, by their numbers in its list. */
export interface Looks {
  readonly headers: HeadersOf;
  /** Undefined if nobody has looked. */
  readonly pixels: (index: number, size: Size) => Promise<PixelFacts | undefined>;
}

export interface ListOptions {
  /** Whether tags that differ only in letter case are one class; otherwise they are an error. */
  readonly mergeCase?: boolean | undefined;
  readonly onProgress?: OnProgress;
}

/** Lists the images of a data set folder of any layout. */
export async function listDatasetImages(
  host: FileHost,
  root: string,
  { mergeCase = false, onProgress }: ListOptions = {},
): Promise<ListedDataset> {
  const listing = await listDataset(host, root, onProgress);
  return { root, listing, ...arrange(host.store, listing, { mergeCase }) };
}

/** Looks at the files themselves. */
export function looksAt(host: FileHost, listed: ListedDataset): Looks {
  const { listing, images, samples, classes, maskClasses } = listed;
  const reader = datasetReader(host.codec, classes.length, listing.readMask, maskClasses?.labels);
  return {
    headers: headersOf(host, listed),
    pixels: (index, size) => {
      const path = pathOf(images.at(index));
      return readPixels(host.codec, samples[index]!, { path, size, reader });
    },
  };
}

/** Looks at one image and its mask. @param decode whether to look at their pixels too */
export async function lookAt(looks: Looks, index: number, decode: boolean): Promise<LookedAt> {
  const headers = (await looks.headers(index))!;
  if (!decode || typeof headers.image === "string") return { headers };
  return { headers, pixels: (await looks.pixels(index, headers.image))! };
}
