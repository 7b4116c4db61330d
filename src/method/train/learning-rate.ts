/** Schedule of the learning rate. */
export interface Schedule {
  /** T, steps of the whole run. */
  readonly steps: number;
  /** Steps of linear warm-up. */
  readonly warmupSteps: number;
  /** Learning rate factor of step 0. */
  readonly warmupRatio: number;
  /** Exponent of the decay to 0 at step T. */
  readonly power: number;
}

/**
 * Factor on the learning rate of every group at a step, counted from 0 (method 2.12): linear warm-up, then
 * (1 - t/T)^power. The decay counts from step 0, so the factor drops where the warm-up ends.
 */
export function learningRateFactor(step: number, schedule: Schedule): number {
  const { steps, warmupSteps, warmupRatio, power } = schedule;
  if (step < warmupSteps) return 1 - (1 - step / warmupSteps) * (1 - warmupRatio);
  return Math.max(0, 1 - step / steps) ** power;
}
