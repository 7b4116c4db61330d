import { ignoreIndex, type LabelMap } from "../../method/images/image.ts";
import { UserError } from "../../user-error.ts";
import type { SourceOptions } from "./source.ts";

/** Code of the error for an image that is left out because nothing is annotated in it. */
export const unannotatedCode = "unannotated";

/**
 * The mask of an image without any annotation, as asked for and told; undefined for a mask of background. A UserError if
 * such images are left out.
 */
export function unannotatedMask(
  { width, height }: { readonly width: number; readonly height: number },
  name: string,
  where: string,
  { unannotated = "leave-out", losses }: Pick<SourceOptions, "unannotated" | "losses">,
): LabelMap | undefined {
  switch (unannotated) {
    case "leave-out":
      throw new UserError(
        `${where}: has no annotation; it may show nothing, or nobody may have looked at it, so it is not written as background`,
        { code: unannotatedCode },
      );
    case "ignore":
      losses.add("no annotation: all of the image is ignored (255), as asked", name);
      return { width, height, data: new Uint8Array(width * height).fill(ignoreIndex) };
    case "background":
      losses.add("no annotation: all of the image became background, as asked", name);
  }
}
