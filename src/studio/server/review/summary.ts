import type { ReviewSummary } from "../../protocol.ts";
import { expectedMeanIou, fewestDrawn, type ReviewedImage, type WaitingImages } from "../../review/expected-mean-iou.ts"; // prettier-ignore
import type { MaskBook } from "../masks/mask-book.ts";
import type { VerdictEntry } from "../masks/review-log.ts";
import type { Studio } from "../studio.ts";

/** Images that are looked at before others get their turn: a few milliseconds. */
const slice = 5000;

/** Steps of the confidence in which waiting images are counted. */
const confidenceSteps = 200;

type Library = Pick<Studio, "images">;

/** How the review stands: what is left, how fast it goes, and the mean IoU to expect if it stopped now. */
export async function reviewSummary(
  { images }: Library,
  masks: Pick<MaskBook, "verdicts" | "sessionVerdicts">,
): Promise<ReviewSummary> {
  const waiting = await countWaiting(images);
  const verdicts = masks.verdicts();
  const judged = ofNewestModel(verdicts);
  const expected = expectedMeanIou(judged, waiting);
  return {
    left: waiting.images,
    reviewed: verdicts.length,
    perHour: perHour(masks.sessionVerdicts),
    expected: expected ?? null,
    drawn: judged.filter(({ drawn }) => drawn).length,
  };
}

/** Images with a draft and without a verdict. */
async function countWaiting(
  images: Studio["images"],
): Promise<WaitingImages & { readonly images: number }> {
  const counts = new Uint32Array(confidenceSteps + 1);
  const perClass = new Map<number, number>();
  let [all, untagged] = [0, 0];
  for (let id = 0; id < images.count; id++) {
    if (id % slice === slice - 1) await new Promise((resolve) => setImmediate(resolve));
    const { hasDraft, verdict, confidence } = images.facts(id);
    if (!hasDraft || verdict !== "none") continue;
    const image = images.at(id);
    if (!image) continue;
    all++;
    if (image.untagged) untagged++;
    for (const tag of image.tags) perClass.set(tag, (perClass.get(tag) ?? 0) + 1);
    counts[Math.round(confidenceSteps * Math.min(1, Math.max(0, confidence || 0)))]!++;
  }
  const byConfidence = Array.from(counts, (count, step) => ({
    confidence: step / confidenceSteps,
    images: count,
  })).filter((bin) => bin.images > 0);
  // Images whose tags are not known have the classes of the others.
  const scale = all > untagged ? all / (all - untagged) : 1;
  const byClass = new Map(
    [...perClass].map(([tag, count]) => [images.classes[tag]!, scale * count]),
  );
  return { images: all, byConfidence, byClass };
}

/**
 * The images that tell of the drafts of the newest model with enough drawn verdicts: those of an older one are worse. All of them if
 * no model has enough. Masks that count as right are those of all models.
 */
function ofNewestModel(verdicts: readonly VerdictEntry[]): ReviewedImage[] {
  const byTime = [...verdicts].sort((a, b) => (a.time < b.time ? 1 : -1));
  const isDrawn = (entry: VerdictEntry): boolean =>
    entry.drawn && entry.model !== null && entry.confidence !== null;
  const models = new Set(byTime.filter(isDrawn).map(({ model }) => model));
  const newest = [...models].find(
    (name) => byTime.filter((entry) => entry.model === name && isDrawn(entry)).length >= fewestDrawn, // prettier-ignore
  );
  return byTime.flatMap((entry): ReviewedImage[] => {
    const { verdict, confidence, model, pixels } = entry;
    if (verdict !== "accepted" && verdict !== "rejected") return [];
    const drawn = isDrawn(entry) && (newest === undefined || model === newest);
    const classes = pixels.map(([name, accepted, draft, both]) => ({
      name,
      accepted,
      draft,
      both,
    }));
    return [{ verdict, drawn, confidence: confidence ?? 0, classes }];
  });
}

/** Verdicts an hour. @param times in milliseconds, ascending */
function perHour(times: readonly number[]): number | null {
  const [first, last] = [times[0], times.at(-1)];
  if (first === undefined || last === undefined || last === first) return null;
  return (3_600_000 * (times.length - 1)) / (last - first);
}
