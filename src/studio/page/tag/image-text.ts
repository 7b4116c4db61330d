import type { ImageDetails } from "../../protocol.ts";
import { recordFlags, type ImageRecord } from "../../records.ts";
import type { StudioView } from "../parts/studio.tsx";
import { fill } from "../text.ts";
import type { TagLook } from "./grid-cell.ts";

type Classes = Pick<StudioView, "project" | "colorOf">;

/** Shows tags of records, each combination made only once: a fling asks for thousands. */
export function tagLooks(studio: Classes): (record: ImageRecord) => TagLook {
  const known = new Map<string, TagLook>();
  return ({ tags, tagCount }) => {
    const key = `${tagCount}:${tags}`;
    let look = known.get(key);
    if (look === undefined) {
      look = { caption: namesOf(tags, tagCount, studio), band: bandOf(tags.map(studio.colorOf)) };
      known.set(key, look);
    }
    return look;
  };
}

/** The names of the tags that a record knows, and how many more there are. */
function namesOf(tags: readonly number[], tagCount: number, { project }: Classes): string {
  const names = tags.map((tag) => project.classes[tag] ?? String(tag));
  const more = tagCount > tags.length ? [`+${tagCount - tags.length}`] : [];
  return [...names, ...more].join(", ");
}

/** A band of as many equal parts as there are colors. */
function bandOf(colors: readonly string[]): string {
  if (colors.length === 0) return "none";
  const share = 100 / colors.length;
  const parts = colors.map((color, i) => `${color} ${i * share}% ${(i + 1) * share}%`);
  return `linear-gradient(90deg, ${parts.join(", ")})`;
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
      ? namesOf(record.tags, record.tagCount, studio)
      : details.tags.map((tag) => project.classes[tag]).join(", ");
  const parts = [
    name,
    (record.flags & recordFlags.untagged) !== 0 ? t.tag.untagged : tags || t.tag.noTags,
    (record.flags & recordFlags.problem) !== 0 ? t.tag.hasProblem : "",
    record.verdict === "none" ? "" : t.tag.verdicts[record.verdict],
  ];
  return parts.filter((part) => part !== "").join(", ");
}
