import { ignoreIndex, type LabelMap } from "../../method/images/image.ts";
import { translateLabels } from "../../method/data/known-mask.ts";
import type { Sample, SampleReader } from "../../method/data/sample.ts";
import { UserError } from "../../user-error.ts";
import type { ImageCodec } from "../../host/codec.ts";

/**
 * Reads the images and masks of a data set; a mask with labels beyond the classes is a UserError.
 * @param read reads a mask by its address, by default the path of a PNG file
 * @param own the data set's label for each label of the masks; by default they are the same
 */
export function datasetReader(
  codec: ImageCodec,
  classCount: number,
  read: (address: string) => Promise<LabelMap> = (path) => codec.decodeLabels(path),
  own?: readonly number[],
): SampleReader {
  return {
    readImage: (sample) => codec.decode(sample.image),
    readMask: (sample) => readCheckedMask(sample, classCount, read, own),
  };
}

async function readCheckedMask(
  sample: Sample,
  classCount: number,
  read: (address: string) => Promise<LabelMap>,
  own: readonly number[] | undefined,
): Promise<LabelMap> {
  if (sample.mask === undefined) throw new UserError(`${sample.image}: this image has no mask`);
  const stored = await read(sample.mask);
  const labels = own ? translateLabels(stored, { where: sample.mask, labels: own }) : stored;
  checkLabels(labels, classCount, sample.mask);
  return labels;
}

/** Throws a UserError if a label is neither background, nor a class, nor ignore. */
export function checkLabels(labels: LabelMap, classCount: number, where: string): void {
  const at = labels.data.findIndex((label) => label > classCount && label !== ignoreIndex);
  if (at < 0) return;
  const [x, y] = [at % labels.width, Math.floor(at / labels.width)];
  throw new UserError(
    `${where}: mask has label ${labels.data[at]} at x ${x}, y ${y}, but there are ${classCount} classes; ` +
      `labels are 0 (background), 1 to ${classCount} and 255 (ignore)`,
  );
}
