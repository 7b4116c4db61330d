import type { Config } from "../config.ts";
import { Afa } from "./afa.ts";

/** The network that a configuration describes, for these foreground classes. */
export function networkOf({ model }: Pick<Config, "model">, classes: readonly string[]): Afa {
  const { backbone, pooling, decoderWidth } = model;
  return new Afa({ backbone, pooling, decoderWidth, classes: classes.length });
}
