import type { OnProgress } from "../files/datasets/index.ts";
import { CountMeter } from "./progress.ts";
import type { Output } from "./output.ts";

/** Milliseconds of reading before progress is shown. */
const patience = 1000;

/** Shows the progress of reading a large data set in a line that `clear` removes. */
export function readingProgress(output: Output): { onProgress: OnProgress; clear: () => void } {
  const meters = new Map<string, CountMeter>();
  const start = output.now();
  return {
    onProgress: (done, total, what) => {
      const meter = meters.get(what) ?? new CountMeter(what, () => output.now());
      meters.set(what, meter);
      if (output.now() - start < patience) return;
      output.progress.update(meter.read(done, total));
    },
    clear: () => output.progress.clear(),
  };
}
