import { freeName, safePath } from "../text/file-name.ts";
import { ImageNames } from "./image-names.ts";
import type { MaskOrigin } from "./mask-origin.ts";

/** The names of an image's results. */
export interface OutputName {
  /** Name of the files of its mask, without ending, that no other image has. */
  readonly free: string;
  /** The image's name for other tools. */
  readonly fileName: string;
  /** Whether its ending had to be assumed, since the file of the image is not known. */
  readonly isAssumed: boolean;
}

/** An image to name. */
export type NamedImage = { readonly name: string } & Pick<MaskOrigin, "source" | "fileName">;

/**
 * The names of all images of a job, made before the first of them is read: so they do not depend on which images can be used, and
 * are the same for whoever makes only a part of them.
 */
export function nameOutputs(images: Iterable<NamedImage>): OutputName[] {
  const taken = new Set<string>();
  const imageNames = new ImageNames();
  return Array.from(images, ({ name, ...origin }) => {
    const free = freeName(safePath(name), taken);
    return { free, ...imageNames.take(name, free, origin) };
  });
}
