import { ignoreIndex, type LabelMap } from "../images/image.ts";
import { UserError } from "../../user-error.ts";

/** The mask of a training image whose labels train (method 2.15), not yet in memory. */
export interface KnownMask {
  /** Path of the PNG file; for masks that are no files a name for messages. */
  readonly where: string;
  /** The label that each label of the mask stands for, from 0; 255 stands for itself, any other label is an error. */
  readonly labels: readonly number[];
  /** Reads a mask that is no PNG file of its own. */
  readonly read?: () => Promise<LabelMap>;
}

/** The labels of a mask in the data set's numbers. A UserError names a label that the mask should not have. */
export function translateLabels(
  { width, height, data }: LabelMap,
  { where, labels }: Pick<KnownMask, "where" | "labels">,
): LabelMap {
  const translated = data.map((label, p) => {
    if (label === ignoreIndex) return ignoreIndex;
    if (label < labels.length) return labels[label]!;
    const [x, y] = [p % width, Math.floor(p / width)];
    throw new UserError(
      `${where}: mask has label ${label} at x ${x}, y ${y}, but there are ${labels.length - 1} classes; ` +
        `labels are 0 (background), 1 to ${labels.length - 1} and 255 (not known)`,
    );
  });
  return { width, height, data: translated };
}

/** Classes, from 0, that a mask has a pixel of; ascending. */
export function classesIn({ data }: LabelMap): number[] {
  const present = new Uint8Array(256);
  for (const label of data) present[label] = 1;
  present[0] = present[ignoreIndex] = 0;
  return [...present.keys()].filter((label) => present[label] === 1).map((label) => label - 1);
}

/** Throws a UserError unless a mask has the size of its image. */
export function checkMaskSize(
  mask: { readonly width: number; readonly height: number },
  where: string,
  image: { readonly width: number; readonly height: number },
  imagePath: string,
): void {
  if (mask.width === image.width && mask.height === image.height) return;
  throw new UserError(
    `${where}: mask is ${mask.width}x${mask.height}, but its image ${imagePath} is ${image.width}x${image.height}`,
  );
}
