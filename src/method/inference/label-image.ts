import type { Config } from "../config.ts";
import {
  mergeCam,
  propagateAffinity,
  windowRadius,
  type Affinity,
  type Thresholds,
} from "../labels/index.ts";
import type { Maps } from "../images/maps.ts";
import type { ActivationPass, Activations } from "./activations.ts";

/** Maps propagated with the low and with the high background score, [background, ...classes] on the grid of tokens. */
export interface PropagatedMaps {
  readonly low: Maps;
  readonly high: Maps;
}

/** Raw activations of an image; null for an image without classes. */
export async function activationsFor(
  image: Maps,
  classes: readonly number[],
  pass: ActivationPass,
): Promise<Activations | null> {
  return classes.length > 0 ? await pass.run(image) : null;
}

/** Class activation maps of this size (method 2.3), one for each class. */
export function classMaps(
  activations: Activations | null,
  classes: readonly number[],
  { width, height }: { readonly width: number; readonly height: number },
): Maps {
  return mergeCam(activations?.scales ?? [], classes, width, height);
}

/** Class activation maps propagated along the affinity (method 2.6), once for each background score. */
export function propagatedMaps(
  cam: Maps,
  affinity: Affinity,
  { low, high, radius }: Thresholds & Pick<Config["pseudo"], "radius">,
): PropagatedMaps {
  const [lower, higher] = propagateAffinity(cam, affinity, {
    backgrounds: [low, high],
    radius: windowRadius(radius, affinity),
  }) as [Maps, Maps];
  return { low: lower, high: higher };
}
