import type { OnProgress } from "../files/datasets/index.ts";
import { CountMeter } from "./progress.ts";
import type { Output } from "./output.ts";

/** Milliseconds; what is read sooner needs no progress. */
const quick = 1000;

/** Shows how far the reading of a large data set is: a line for what is being read, taken away by `clear`. */
export function readingProgress(output: Output): { onProgress: OnProgress; clear: () => void } {
  const meters = new Map<string, CountMeter>();
  const start = output.now();
  return {
    onProgress: (done, total, what) => {
      const meter = meters.get(what) ?? new CountMeter(what, () => output.now());
      meters.set(what, meter);
      if (output.now() - start < quick) return;
      output.progress.update(meter.read(done, total));
    },
    clear: () => output.progress.clear(),
  };
}
