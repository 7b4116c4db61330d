import { writeFileSync } from "node:fs";
import type { NdArray } from "../../src/engine/graph/index.ts";
import { parseConfig } from "../../src/method/config.ts";
import { vocClasses } from "../../src/method/images/classes.ts";
import { sceneClasses } from "../../src/method/data/scenes.ts";
import { Afa, type BackboneName } from "../../src/method/model/index.ts";
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
  write(path, { ...tensors, "optimizer.m.decoder.linear_pred.weight": moment }, "mit_tiny");
}

/** A checkpoint of a small PVTv2 with random weights. */
export function writePvtCheckpoint(path: string): void {
  const backbone = "pvt_v2_tiny";
  const network = new Afa({ backbone, classes: classes.length, decoderWidth: 32 });
  write(path, network.initialize(1), backbone);
}

/** A checkpoint of a small network for VOC's classes with random weights. */
export function writeVocCheckpoint(path: string): void {
  const backbone = "mit_tiny";
  const network = new Afa({ backbone, classes: vocClasses.length, decoderWidth: 32 });
  write(path, network.initialize(1), backbone, vocClasses);
}

function write(
  path: string,
  tensors: Readonly<Record<string, NdArray>>,
  backbone: BackboneName,
  names: readonly string[] = classes,
): void {
  const config = parseConfig({
    set: {
      "model.backbone": backbone,
      "model.decoderWidth": 32,
      "eval.longSide": 96,
      "eval.minSide": 0,
    },
  });
  const metadata = { step: "12", classes: JSON.stringify(names), config: JSON.stringify(config) };
  writeFileSync(path, Buffer.concat(encodeSafetensors(tensors, metadata)));
}
