import { openWeights } from "../files/weights/open.ts";
import type { WeightsFile } from "../files/weights/weights-file.ts";
import type { Store } from "../host/store.ts";

/** Opens a weights file of any format and closes it once `use` is done; tensors are read on demand. */
export async function withWeights<T>(
  store: Store,
  path: string,
  use: (weights: WeightsFile) => Promise<T>,
): Promise<T> {
  const source = await store.open(path);
  try {
    return await use(await openWeights(source, (zip) => store.openStoredArchive(zip)));
  } finally {
    await source.close();
  }
}
