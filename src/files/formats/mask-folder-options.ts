import type { InstanceKind } from "../../method/images/regions.ts";
import { UserError } from "../../user-error.ts";
import type { CocoShape, MaskFormat, MaskLayout } from "./formats.ts";
import type { JobSettings } from "./journal.ts";
import type { OutputName } from "./output-names.ts";

export interface MaskFolderOptions {
  /** Formats to write, `voc` by default; several go into a folder each, named after the format. */
  readonly format?: readonly MaskFormat[];
  /** The unit that becomes an object in formats that have objects. */
  readonly instances?: InstanceKind;
  /** Prefix of image names in Label Studio. */
  readonly imageUrl?: string;
  /** Outlines of objects in COCO, run lengths by default. */
  readonly shapes?: CocoShape;
  /** Tree of palette PNGs, `masks/` alone by default; `voc2012` is for the format voc. */
  readonly layout?: MaskLayout;
  /** Also write each mask laid over its image, `overlays/<name>.jpg`. */
  readonly overlays?: boolean;
  /** Also show all masks on one page, `contact-sheet.html`. */
  readonly sheet?: boolean;
  /** Write into a folder that has files already, replacing those of the same name. */
  readonly overwrite?: boolean;
  /**
   * Settings that the masks depend on. With them, a job that stops keeps its finished images, and one with equal settings can
   * continue it; without, a job that fails takes back what it wrote.
   */
  readonly settings?: JobSettings;
  /** Continue the unfinished job in the folder; a UserError if there is none, or its settings are others. */
  readonly resume?: boolean;
  /** Continue an unfinished job of the same settings without being asked. */
  readonly always?: boolean;
  /** The names of an image by its number among those of the job (`MaskOrigin.index`); made from its own name by default. */
  readonly nameOf?: (index: number) => OutputName;
}

/** Throws a UserError for options of a format that is not written. */
export function checkFormatOptions(
  path: string,
  formats: readonly MaskFormat[],
  { shapes, layout }: MaskFolderOptions,
): void {
  const foreign = (name: "shapes" | "layout", value: string, format: MaskFormat): UserError =>
    new UserError(
      `${path}: ${name} ${value} is for the format ${format}, but the masks are written as ${formats.join(" and ")}`,
      { code: "usage", remedies: [{ kind: "omit", name }] },
    );
  if (shapes === "polygon" && !formats.includes("coco")) throw foreign("shapes", shapes, "coco");
  if (layout === "voc2012" && !formats.includes("voc")) throw foreign("layout", layout, "voc");
}
