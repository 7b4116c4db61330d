import { nameKey, safePath } from "../text/file-name.ts";
import { extname } from "../text/path.ts";
import type { MaskOrigin } from "./mask-origin.ts";

/** The names of the images of masks for other tools, each of them once. */
export class ImageNames {
  private readonly taken = new Set<string>();

  /**
   * The name of an image.
   * @param free name of its mask, which no other mask has: two images may differ in their endings only, which masks cannot
   * @returns whether the ending had to be assumed, since the file of the image is not known
   */
  take(
    name: string,
    free: string,
    { source, fileName }: Pick<MaskOrigin, "source" | "fileName">,
  ): { readonly fileName: string; readonly isAssumed: boolean } {
    const known = extname(fileName ?? source ?? "");
    const [ending, isAssumed] = [known || ".jpg", known === ""];
    const preferred = safePath(fileName ?? `${name}${ending}`);
    const key = nameKey(preferred);
    if (this.taken.has(key)) return { fileName: `${free}${ending}`, isAssumed };
    this.taken.add(key);
    return { fileName: preferred, isAssumed };
  }
}
