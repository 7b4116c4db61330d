import { drawEvery } from "../../review/queue.ts";

/** All bits of a float but its sign: zero may have one. */
const withoutSign = 0x7fffffff;

/** Bits of floats that lie in the order of the values, as long as none is below 0. */
function sortableBits(values: Float32Array): Uint32Array {
  return new Uint32Array(values.buffer, values.byteOffset, values.length);
}

/** Values that come before and behind all confidences. */
const [first, last] = [0, 0xffffffff];

/**
 * Ids by their keys, ascending and in the given order where keys are equal: a radix sort, which takes 15 ms for a million, where
 * sorting by a comparison takes a second.
 */
function sortedBy(ids: Uint32Array, keyOf: (id: number) => number): Uint32Array {
  let keys: Uint32Array = new Uint32Array(ids.length);
  for (let i = 0; i < ids.length; i++) keys[i] = keyOf(ids[i]!);
  let [from, to]: [Uint32Array, Uint32Array] = [ids, new Uint32Array(ids.length)];
  for (const shift of [0, 16]) {
    const places = new Uint32Array(0x10001);
    for (const key of keys) places[((key >>> shift) & 0xffff) + 1]!++;
    for (let i = 0; i < 0x10000; i++) places[i + 1]! += places[i]!;
    const moved = new Uint32Array(keys.length);
    for (let i = 0; i < keys.length; i++) {
      const at = places[(keys[i]! >>> shift) & 0xffff]!++;
      to[at] = from[i]!;
      moved[at] = keys[i]!;
    }
    [from, to, keys] = [to, from === ids ? new Uint32Array(ids.length) : from, moved];
  }
  return from;
}

/** Ids with the least sure first; those without a draft come last. */
export function byConfidence(ids: Uint32Array, confidence: Float32Array): Uint32Array {
  const bits = sortableBits(confidence);
  return sortedBy(ids, (id) => (Number.isNaN(confidence[id]!) ? last : bits[id]! & withoutSign));
}

export interface QueueFacts {
  readonly confidence: Float32Array;
  readonly lots: Uint32Array;
  isReviewed(id: number): boolean;
  hasDraft(id: number): boolean;
  lacksTag(id: number): boolean;
}

/**
 * The order of the review, as `reviewQueue` (review/queue.ts) has it, for millions of images: those without a verdict that have a
 * draft, then those without a draft.
 */
export function byQueue(ids: Uint32Array, facts: QueueFacts): Uint32Array {
  const left = ids.filter((id) => !facts.isReviewed(id));
  const drafted = left.filter((id) => facts.hasDraft(id));
  const drawn = sortedBy(
    drafted.filter((id) => isDrawn(facts.lots[id]!)),
    (id) => facts.lots[id]!,
  );
  const bits = sortableBits(facts.confidence);
  const rest = sortedBy(
    drafted.filter((id) => !isDrawn(facts.lots[id]!)),
    // One is added so that tags that no pixel shows come before everything else.
    (id) => (facts.lacksTag(id) ? first : (bits[id]! & withoutSign) + 1),
  );
  const queue = new Uint32Array(left.length);
  let [at, nextDrawn, nextRest] = [0, 0, 0];
  while (at < drafted.length) {
    const isTurn = at % drawEvery === drawEvery - 1;
    const takesDrawn = nextRest === rest.length || (isTurn && nextDrawn < drawn.length);
    queue[at++] = takesDrawn ? drawn[nextDrawn++]! : rest[nextRest++]!;
  }
  for (const id of left) if (!facts.hasDraft(id)) queue[at++] = id;
  return queue;
}

function isDrawn(lot: number): boolean {
  return lot % drawEvery === 0;
}
