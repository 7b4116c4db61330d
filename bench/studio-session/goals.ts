/** A goal of the studio: what was measured, and the most it may be. */
export interface Goal {
  readonly name: string;
  readonly measured: number;
  readonly most: number;
  readonly unit: string;
}

export function isMet({ measured, most }: Goal): boolean {
  return measured <= most;
}

/** `12.3 ms`, with digits for three figures. */
export function withUnit(value: number, unit: string): string {
  const digits = value >= 100 || Number.isInteger(value) ? 0 : value >= 10 ? 1 : 2;
  return `${value.toFixed(digits)} ${unit}`.trim();
}

/** Prints a goal as a line that `parseGoal` reads. */
export function printGoal(name: string, measured: number, most: number, unit: string): void {
  const verdict = isMet({ name, measured, most, unit }) ? "met" : "MISSED";
  console.log(`goal ${verdict}: ${name}: ${measured} of at most ${most} ${unit}`.trim());
}

/** A goal from a line of a script; undefined for any other line. */
export function parseGoal(line: string): Goal | undefined {
  const [, name, measured, most, unit] =
    /^goal (?:met|MISSED): (.+): ([\d.e+-]+) of at most ([\d.e+-]+) ?(.*)$/.exec(line) ?? [];
  if (name === undefined) return undefined;
  return { name, measured: Number(measured), most: Number(most), unit: unit ?? "" };
}

/** The value below which a share of all lies; NaN without any. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? Number.NaN;
}
