import type { Machine } from "./machine.ts";
import { tolerableLoad, type Part, type Report } from "./report.ts";
import type { Summary } from "./summary.ts";

/** One part in two reports; null where one of them lacks it. */
export interface Difference {
  readonly group: string;
  readonly name: string;
  readonly a: Part | null;
  readonly b: Part | null;
  /** Median time of b divided by a's; null where there is none to divide. */
  readonly ratio: number | null;
  readonly verdict: "faster" | "slower" | "noise" | "only in A" | "only in B";
}

/** Every part of two reports, those of a first, in its order. */
export function compareParts(a: readonly Part[], b: readonly Part[]): Difference[] {
  const key = ({ group, name }: Part): string => JSON.stringify([group, name]);
  const others = new Map(b.map((part) => [key(part), part]));
  const known = new Set(a.map(key));
  return [
    ...a.map((part) => difference(part, others.get(key(part)) ?? null)),
    ...b.filter((part) => !known.has(key(part))).map((part) => difference(null, part)),
  ];
}

function difference(a: Part | null, b: Part | null): Difference {
  const { group, name } = (a ?? b)!;
  const [from, to] = [a?.seconds, b?.seconds];
  const ratio = from && to && from.median > 0 ? to.median / from.median : null;
  return { group, name, a, b, ratio, verdict: verdict(from, to) };
}

/** A difference counts when it is larger than the spread of either: the middle half of its measurements. */
function verdict(a: Summary | undefined, b: Summary | undefined): Difference["verdict"] {
  if (!a || !b) return a ? "only in A" : "only in B";
  const change = b.median - a.median;
  // One measurement has no spread that could be known.
  const known = a.count > 1 && b.count > 1;
  if (!known || Math.abs(change) <= Math.max(spread(a), spread(b))) return "noise";
  return change < 0 ? "faster" : "slower";
}

function spread({ lowerQuartile, upperQuartile }: Summary): number {
  return upperQuartile - lowerQuartile;
}

/** Why two reports should not be compared, if there is a reason: they can be, at the reader's risk. */
export function warnings(a: Report, b: Report): string[] {
  const told: string[] = [];
  const same: readonly (keyof Machine)[] = ["cpu", "cores", "memory", "system"];
  const versions: readonly (keyof Machine)[] = ["node", "onnxruntime"];
  for (const [fields, what] of [
    [same, "other machines: ratios say little"],
    [versions, "other versions"],
  ] as const) {
    const different = fields.filter((field) => a.machine[field] !== b.machine[field]);
    if (different.length === 0) continue;
    const pairs = different.map((f) => `${f} ${a.machine[f]} against ${b.machine[f]}`);
    told.push(`${what}: ${pairs.join(", ")}`);
  }
  if (a.threads !== b.threads) told.push(`other threads: ${a.threads} against ${b.threads}`);
  for (const [name, { foreignLoad }] of [
    ["A", a],
    ["B", b],
  ] as const) {
    if (foreignLoad.max > tolerableLoad) {
      told.push(
        `${name} was measured while others used up to ${foreignLoad.max.toFixed(2)} cores; measure again`,
      );
    }
  }
  return told;
}
