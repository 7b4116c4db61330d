import type { ImageDetails } from "../../protocol.ts";
import { recordFlags, type ImageRecord } from "../../records.ts";
import type { StudioView } from "../parts/studio.tsx";
import { fill } from "../text.ts";

/** Names and colors of the tags of a record, which knows the first four. */
export function tagsOf(
  { tags, tagCount }: ImageRecord,
  { project, colorOf }: Pick<StudioView, "project" | "colorOf">,
): { readonly caption: string; readonly colors: readonly string[] } {
  const names = tags.map((tag) => project.classes[tag] ?? String(tag));
  const more = tagCount > tags.length ? [`+${tagCount - tags.length}`] : [];
  return { caption: [...names, ...more].join(", "), colors: tags.map(colorOf) };
}

/** What a screen reader says for an image. */
export function describeImage(
  position: number,
  record: ImageRecord | undefined,
  details: ImageDetails | undefined,
  studio: Pick<StudioView, "project" | "colorOf" | "t">,
): string {
  const { t, project } = studio;
  const name = details?.file ?? fill(t.tag.imageNumber, { number: position + 1 });
  if (record === undefined) return name;
  const tags =
    details === undefined
      ? tagsOf(record, studio).caption
      : details.tags.map((tag) => project.classes[tag]).join(", ");
  const parts = [
    name,
    (record.flags & recordFlags.untagged) !== 0 ? t.tag.untagged : tags || t.tag.noTags,
    (record.flags & recordFlags.problem) !== 0 ? t.tag.hasProblem : "",
    record.verdict === "none" ? "" : t.tag.verdicts[record.verdict],
  ];
  return parts.filter((part) => part !== "").join(", ");
}
