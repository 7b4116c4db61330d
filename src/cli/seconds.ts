import type { Output } from "./output.ts";

/** Seconds since a time of the output's clock, rounded to a tenth. */
export function secondsSince(started: number, output: Output): number {
  return Number(((output.now() - started) / 1000).toFixed(1));
}
