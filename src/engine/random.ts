import { xoroshiro128plus } from "pure-rand/generator/xoroshiro128plus";
import type { RandomGenerator } from "pure-rand/types/RandomGenerator";

/**
 * Seeded random numbers. A stream is derived from a seed and a path, never from another stream: `Random.at(seed,
 * "augment", 17)` always gives the same numbers, so sample 17 is augmented the same way in every worker and after every
 * resume.
 */
export class Random {
  private constructor(private readonly generator: RandomGenerator) {}

  /** The stream of a seed and a path. */
  static at(seed: number, ...path: (string | number)[]): Random {
    return new Random(xoroshiro128plus(hash(`${seed}/${path.join("/")}`)));
  }

  /** Uniform in [0, 1), in steps of 2⁻³². */
  next(): number {
    return (this.generator.next() >>> 0) / 2 ** 32;
  }

  /** Uniform in [low, high). */
  uniform(low: number, high: number): number {
    return low + (high - low) * this.next();
  }

  /** Uniform integer in [0, count). */
  int(count: number): number {
    return Math.floor(this.next() * count);
  }

  /** True with probability p. */
  chance(p: number): boolean {
    return this.next() < p;
  }

  /** Standard normal (Box-Muller). */
  normal(): number {
    const radius = Math.sqrt(-2 * Math.log(1 - this.next()));
    return radius * Math.cos(2 * Math.PI * this.next());
  }

  /** A copy in random order (Fisher-Yates). */
  shuffle<T>(items: readonly T[]): T[] {
    const out = [...items];
    for (let i = out.length - 1; i > 0; i--) {
      const j = this.int(i + 1);
      [out[i], out[j]] = [out[j]!, out[i]!];
    }
    return out;
  }
}

/** FNV-1a over UTF-16 units, mixed by the finalizer of MurmurHash3 so that neighboring seeds give unrelated streams. */
function hash(text: string): number {
  let h = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) h = Math.imul(h ^ text.charCodeAt(i), 0x01000193);
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return h ^ (h >>> 16);
}
