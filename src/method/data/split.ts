import { Random } from "../../engine/random.ts";
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
  const indices = [...samples.keys()];
  const masked = indices.filter((i) => samples[i]!.mask !== undefined);
  const candidates = masked.length > 0 ? masked : indices;
  const wanted = fraction > 0 ? Math.max(1, Math.round(samples.length * fraction)) : 0;
  const left = new Map<number, number>();
  for (const { tags } of samples) for (const tag of tags) left.set(tag, (left.get(tag) ?? 0) + 1);
  const held = new Uint8Array(samples.length);
  let count = 0;
  for (const i of Random.at(seed, "hold-out").shuffle(candidates)) {
    const { tags } = samples[i]!;
    if (count >= wanted || count + 1 >= samples.length) break;
    if (tags.some((tag) => left.get(tag)! < 2)) continue;
    for (const tag of tags) left.set(tag, left.get(tag)! - 1);
    held[i] = 1;
    count++;
  }
  return {
    train: samples.filter((_, i) => held[i] === 0),
    val: samples.filter((_, i) => held[i] === 1),
  };
}
