import { Random } from "../random.ts";
import type { Sample } from "./sample.ts";

/**
 * Sets samples aside for validation, the same ones for the same seed. If any sample has a true mask,
 * only such samples are taken, for pixels can be scored on no others. The last image of a class
 * always stays in training.
 */
export function holdOut(
  samples: readonly Sample[],
  { seed, fraction }: { seed: number; fraction: number },
): { train: Sample[]; val: Sample[] } {
  const masked = samples.filter(({ mask }) => mask !== undefined);
  const candidates = masked.length > 0 ? masked : samples;
  const wanted = fraction > 0 ? Math.max(1, Math.round(samples.length * fraction)) : 0;
  const left = new Map<number, number>();
  for (const { tags } of samples) for (const tag of tags) left.set(tag, (left.get(tag) ?? 0) + 1);
  const held = new Set<Sample>();
  for (const sample of Random.at(seed, "hold-out").shuffle(candidates)) {
    if (held.size >= wanted || held.size + 1 >= samples.length) break;
    if (sample.tags.some((tag) => left.get(tag)! < 2)) continue;
    for (const tag of sample.tags) left.set(tag, left.get(tag)! - 1);
    held.add(sample);
  }
  return {
    train: samples.filter((sample) => !held.has(sample)),
    val: samples.filter((sample) => held.has(sample)),
  };
}
