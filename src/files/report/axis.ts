/** An axis of a chart: the position of values along it, and the labeled values. */
export interface Axis {
  /** Position of a value as a fraction of the axis, 0 at its low end. */
  readonly place: (value: number) => number;
  readonly ticks: readonly number[];
}

/** A linear axis with about `count` ticks at round numbers. */
export function linearAxis([low, high]: readonly [number, number], count: number): Axis {
  const place = (value: number): number => (value - low) / Math.max(high - low, 1e-9);
  return { place, ticks: ticks(low, high, count) };
}

/**
 * A logarithmic axis with ticks at 1, 2 and 5 times powers of ten, for ranges of a factor of four or more.
 * @param free fraction of the axis that is left free at both ends
 */
export function logAxis([low, high]: readonly [number, number], free: number): Axis {
  const span = Math.log(high) - Math.log(low) || 1;
  const place = (value: number): number =>
    free + ((1 - 2 * free) * (Math.log(value) - Math.log(low))) / span;
  return { place, ticks: logTicks(low, high) };
}

/** About `count` round numbers in a range. */
export function ticks(low: number, high: number, count: number): number[] {
  const rough = (high - low) / count;
  if (!(rough > 0) || !Number.isFinite(rough)) return [low];
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = power * [1, 2, 2.5, 5, 10].find((factor) => factor * power >= rough * 0.999)!;
  const first = Math.ceil(low / step - 1e-9);
  const last = Math.floor(high / step + 1e-9);
  return Array.from({ length: last - first + 1 }, (_, i) =>
    Number(((first + i) * step).toPrecision(12)),
  );
}

function logTicks(low: number, high: number): number[] {
  const [from, to] = [Math.floor(Math.log10(low)), Math.ceil(Math.log10(high))];
  return Array.from({ length: to - from + 1 }, (_, i) => 10 ** (from + i))
    .flatMap((power) => [1, 2, 5].map((step) => Number((step * power).toPrecision(1))))
    .filter((tick) => tick >= 0.9 * low && tick <= 1.1 * high);
}
