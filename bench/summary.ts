/** Distribution of several measurements of one thing. */
export interface Summary {
  readonly median: number;
  readonly min: number;
  readonly max: number;
  /** A quarter of the measurements lie below it, a quarter above `upperQuartile`. */
  readonly lowerQuartile: number;
  readonly upperQuartile: number;
  /** Number of measurements. */
  readonly count: number;
}

/** @param values at least one */
export function summarize(values: readonly number[]): Summary {
  if (values.length === 0) throw new RangeError("summarize: no values; measure something first");
  const sorted = [...values].sort((a, b) => a - b);
  const at = (share: number): number => {
    const place = share * (sorted.length - 1);
    const [low, high] = [sorted[Math.floor(place)]!, sorted[Math.ceil(place)]!];
    return low + (high - low) * (place - Math.floor(place));
  };
  return {
    median: at(0.5),
    min: at(0),
    max: at(1),
    lowerQuartile: at(0.25),
    upperQuartile: at(0.75),
    count: sorted.length,
  };
}
