import { Random } from "../../engine/random.ts";
import type { Sample } from "./sample.ts";

/**
 * Splits samples into training and validation, the same way for the same seed. If any samples have true masks, only
 * they go to validation, since pixels can be scored on no others. At least one image of each class stays in training.
 */
export function holdOut(
  samples: readonly Sample[],
  { seed, fraction }: { seed: number; fraction: number },
): { train: Sample[]; val: Sample[] } {
  const indices = [...samples.keys()];
  const masked = indices.filter((i) => samples[i]!.mask !== undefined);
  const candidates = masked.length > 0 ? masked : indices;
  const valCount = fraction > 0 ? Math.max(1, Math.round(samples.length * fraction)) : 0;
  // Images of each class that are still in training.
  const inTraining = new Map<number, number>();
  for (const { tags } of samples)
    for (const tag of tags) inTraining.set(tag, (inTraining.get(tag) ?? 0) + 1);
  const inVal = new Uint8Array(samples.length);
  let count = 0;
  for (const i of Random.at(seed, "hold-out").shuffle(candidates)) {
    const { tags } = samples[i]!;
    if (count >= valCount || count + 1 >= samples.length) break;
    if (tags.some((tag) => inTraining.get(tag)! < 2)) continue;
    for (const tag of tags) inTraining.set(tag, inTraining.get(tag)! - 1);
    inVal[i] = 1;
    count++;
  }
  return {
    train: samples.filter((_, i) => inVal[i] === 0),
    val: samples.filter((_, i) => inVal[i] === 1),
  };
}
