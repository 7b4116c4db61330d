import type { ExportCheck } from "../../protocol.ts";
import type { MaskBook } from "../masks/mask-book.ts";
import type { IndexedImage, Studio } from "../studio.ts";

/** An image with a mask to export. */
export interface SelectedMask {
  readonly image: IndexedImage;
  /** Confidence of the draft that is its mask; undefined if a person made or accepted it. */
  readonly draft: number | undefined;
}

export interface Selection {
  readonly masks: readonly SelectedMask[];
  readonly leftOut: ExportCheck["leftOut"];
}

/** Images that are looked at before others get their turn: a few milliseconds. */
const slice = 5000;

/** The masks of an export: those that people made or accepted, or the drafts of the other images too. */
export async function selectMasks(
  { images }: Pick<Studio, "images">,
  book: Pick<MaskBook, "correctionFile">,
  which: "reviewed" | "all",
): Promise<Selection> {
  const masks: SelectedMask[] = [];
  const reasons = new Map<string, number>();
  for (let id = 0; id < images.count; id++) {
    if (id % slice === slice - 1) await new Promise((resolve) => setImmediate(resolve));
    const image = images.at(id);
    if (!image) continue;
    const { verdict, hasDraft, confidence } = images.facts(id);
    if (book.correctionFile(image.name) !== undefined) masks.push({ image, draft: undefined });
    else if (verdict === "none" && hasDraft && which === "all")
      masks.push({ image, draft: confidence }); // prettier-ignore
    else {
      const reason = verdict === "none" || verdict === "accepted" ? (hasDraft ? "not reviewed" : "no mask") : verdict; // prettier-ignore
      reasons.set(reason, (reasons.get(reason) ?? 0) + 1);
    }
  }
  const leftOut = [...reasons].map(([reason, count]) => ({ reason, images: count }));
  return { masks, leftOut };
}
