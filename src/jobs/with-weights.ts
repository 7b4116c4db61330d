import { openWeights } from "../files/weights/open.ts";
import type { WeightsFile } from "../files/weights/weights-file.ts";
import { FileSource } from "../host/node/files/file-source.ts";
import { openZip } from "../host/node/files/stored-archive.ts";

/** Opens a weights file of any format for as long as `use` takes; tensors are read when asked for. */
export async function withWeights<T>(
  path: string,
  use: (weights: WeightsFile) => Promise<T>,
): Promise<T> {
  const source = await FileSource.open(path);
  try {
    return await use(await openWeights(source, openZip));
  } finally {
    await source.close();
  }
}
