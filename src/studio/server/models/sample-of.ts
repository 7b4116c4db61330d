import type { Images } from "../studio.ts";
import { tagNames } from "./drafting.ts";
import type { WorkImage } from "./model-work.ts";

/** Images by which the source of masks is chosen, and most images that are looked through for them. */
const [sampleSize, mostSeen] = [24, 20_000];

/** Some images with tags, from the first to the last. */
export function sampleOf(images: Pick<Images, "count" | "at" | "classes">): WorkImage[] {
  const step = Math.max(1, images.count / mostSeen);
  const tagged: WorkImage[] = [];
  for (let i = 0; i < images.count; i += step) {
    const image = images.at(Math.floor(i));
    if (!image || image.untagged || image.tags.length === 0) continue;
    tagged.push({ file: image.path, tags: tagNames(image, images.classes) });
  }
  const count = Math.min(sampleSize, tagged.length);
  return Array.from({ length: count }, (_, i) => tagged[Math.floor((i * tagged.length) / count)]!);
}
