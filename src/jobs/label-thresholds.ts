import type { Config } from "../method/config.ts";
import type { TagMaskSource } from "../method/inference/label-source.ts";
import { thresholdsOf, type Thresholds } from "../method/labels/index.ts";
import { UserError } from "../user-error.ts";

/** Background scores for masks of class activations, 0..1. */
export interface ThresholdOptions {
  /**
   * A pixel is background where even this score beats all classes, and has a class that beats `highThreshold`; in between it is ignored
   * (255). For `affinity` and `cam` alone. One that is not given is that of the model; without both, every pixel gets a label.
   */
  readonly lowThreshold?: number;
  readonly highThreshold?: number;
}

/** A UserError for thresholds beside a source that has no use for them, or out of their range. */
export function checkThresholds({
  from,
  lowThreshold,
  highThreshold,
}: ThresholdOptions & { readonly from?: TagMaskSource | "auto" }): void {
  const given = { lowThreshold, highThreshold };
  for (const name of ["lowThreshold", "highThreshold"] as const) {
    const value = given[name];
    if (value === undefined) continue;
    if (from !== "affinity" && from !== "cam") {
      throw new UserError(
        `${name} ${value} for masks from ${from ?? "auto"}: only those of class activations have a background score`,
        {
          code: "usage",
          remedies: [
            { kind: "omit", name },
            { kind: "option", name: "from", value: "cam" },
          ],
        },
      );
    }
    if (!(value >= 0 && value <= 1)) {
      throw new UserError(`${name} is ${value}; expected a number from 0 to 1`, { code: "usage" });
    }
  }
}

/** The thresholds for masks of a model; undefined where none are asked for. A UserError if the low one is above the high one. */
export function thresholdsFor(
  { lowThreshold, highThreshold }: ThresholdOptions,
  config: Pick<Config, "pseudo">,
): Thresholds | undefined {
  if (lowThreshold === undefined && highThreshold === undefined) return undefined;
  const own = thresholdsOf(config);
  const [low, high] = [lowThreshold ?? own.low, highThreshold ?? own.high];
  if (low <= high) return { low, high };
  const missing = lowThreshold === undefined ? "lowThreshold" : "highThreshold";
  throw new UserError(
    `lowThreshold is ${low}, highThreshold ${high}; the low one may not be above the high one`,
    {
      code: "usage",
      remedies: [{ kind: "option", name: missing, purpose: "is that of the model otherwise" }],
    },
  );
}
