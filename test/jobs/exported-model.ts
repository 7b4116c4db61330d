import { writeFileSync } from "node:fs";
import { parseConfig } from "../../src/method/config.ts";
import { sceneClasses } from "../../src/method/data/scenes.ts";
import { encodeSafetensors } from "../../src/files/weights/safetensors.ts";
import { readGolden } from "../golden.ts";
import { asArrays } from "../network.ts";

/** Those of the scenes, and one more, for the golden network has five. */
export const classes = [...sceneClasses, "pebble"];

/** The golden network as a checkpoint that a run would write, moments included. */
export function writeCheckpoint(
  path: string,
  change: (values: Float32Array) => void = () => {},
): void {
  const tensors = asArrays(readGolden("model"));
  const count = "decoder.linear_fuse.bn.num_batches_tracked";
  tensors[count] = { ...tensors[count]!, shape: [] }; // the golden file stores it as [1]
  change(tensors["decoder.linear_pred.bias"]!.data as Float32Array);
  const moment = tensors["decoder.linear_pred.weight"]!;
  const config = parseConfig({
    set: {
      "model.backbone": "mit_tiny",
      "model.decoderWidth": 32,
      "eval.longSide": 96,
      "eval.minSide": 0,
    },
  });
  const metadata = { step: "12", classes: JSON.stringify(classes), config: JSON.stringify(config) };
  const pieces = encodeSafetensors(
    { ...tensors, "optimizer.m.decoder.linear_pred.weight": moment },
    metadata,
  );
  writeFileSync(path, Buffer.concat(pieces));
}
