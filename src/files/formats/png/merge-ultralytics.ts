import { join } from "../../text/path.ts";
import type { MergeOptions } from "../merger.ts";
import { dataFile } from "../yolo/write.ts";
import { semanticDataYaml } from "./write-ultralytics.ts";

/** Writes the classes of Ultralytics' semantic layout: the only file that all images share. */
export async function* mergeUltralytics(options: MergeOptions): AsyncGenerator<void, void> {
  const { folder, classes, files } = options;
  await files.write(join(folder, dataFile), await semanticDataYaml(classes));
  yield;
}
