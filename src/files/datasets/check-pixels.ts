import type { ImageCodec } from "../../host/codec.ts";
import type { Sample, SampleReader } from "../../method/data/sample.ts";
import { excerpt } from "../../user-error.ts";
import { LabelCounts, type MaskCounts } from "../formats/label-counts.ts";
import { messageWithoutPath } from "./check-headers.ts";
import type { Size } from "./listing/entry.ts";
import type { Problem } from "./listing/listing.ts";

/** What decoding an image and its mask shows: a matter of the two alone. */
export interface PixelFacts {
  /** Why the image cannot be decoded; absent if it can. */
  readonly image?: string;
  /** The pixels of the mask, or why it cannot be used; absent if there is none, or it has another size than its image. */
  readonly mask?: MaskCounts | string;
}

/** Decodes an image and its mask. @param path the image, in messages too */
export async function readPixels(
  codec: ImageCodec,
  sample: Sample,
  { path, size, reader }: { readonly path: string; readonly size: Size; readonly reader: SampleReader }, // prettier-ignore
): Promise<PixelFacts> {
  let image: string | undefined;
  try {
    // Its pixels are only looked at for damage.
    await codec.decode(path, { largeSide: 1024 });
  } catch (error) {
    image = messageWithoutPath(error, path);
  }
  const mask = sample.mask === undefined ? undefined : await readMask(sample, size, reader);
  return { ...(image !== undefined && { image }), ...(mask !== undefined && { mask }) };
}

async function readMask(
  sample: Sample,
  { width, height }: Size,
  reader: SampleReader,
): Promise<PixelFacts["mask"]> {
  try {
    const map = await reader.readMask(sample);
    // A mask of another size is reported already, and its pixels say nothing about this image.
    if (map.width !== width || map.height !== height) return undefined;
    return new LabelCounts().add(sample.name, map.data);
  } catch (error) {
    return messageWithoutPath(error, sample.mask!);
  }
}

/**
 * Problems that only decoding shows: broken pixels, labels out of range, masks that contradict the tags.
 * @param ofTags whether to tell of masks that show more than the tags
 */
export function pixelProblems(
  { image, mask }: PixelFacts,
  sample: Sample,
  { path, classes, ofTags }: { readonly path: string; readonly classes: readonly string[]; readonly ofTags: boolean }, // prettier-ignore
): Problem[] {
  const problems: Problem[] = [];
  if (image !== undefined) {
    const message = `${image}; it will be skipped`;
    problems.push({ severity: "warning", file: path, message, leftOut: true });
  }
  if (mask === undefined) return problems;
  const file = sample.mask!;
  if (typeof mask === "string") {
    problems.push({ severity: "error", file, message: mask });
    return problems;
  }
  const present = new Set(mask.map(([label]) => label));
  const untagged = classes.filter((_, i) => present.has(i + 1) && !sample.tags.includes(i));
  if (!ofTags || untagged.length === 0) return problems;
  const names = excerpt(untagged.map((name) => `"${name}"`).join(", "));
  const message = `mask shows ${names}, which the image is not tagged with`;
  problems.push({ severity: "warning", file, message });
  return problems;
}
