import { counted } from "../files/text/units.ts";
import { inspectInShards, type InspectShardsJob } from "../jobs/data-shards.ts";
import { nodeHost } from "../host/node/host.ts";
import { ctrlCNote, runJob } from "./interrupt.ts";
import type { Output } from "./output.ts";
import { CountMeter } from "./progress.ts";
import { readingProgress } from "./reading-progress.ts";
import { secondsSince } from "./seconds.ts";
import { taskStopped, tellTask, type TaskSums } from "./task-lines.ts";

/** `tag2mask data --shard-size`: what one task of several sees in its images. */
export async function inspectAsTask(job: InspectShardsJob, output: Output): Promise<void> {
  const started = output.now();
  const { onProgress } = readingProgress(output);
  const meter = new CountMeter("images", () => output.now());
  let [done, broken] = [0, 0];
  const sums = (): TaskSums => {
    const inspected = done - broken;
    const made = `${counted(inspected, "image")} inspected`;
    return { made, skipped: broken, seconds: secondsSince(started, output), facts: { inspected } };
  };
  await runJob(
    (options) => inspectInShards(nodeHost, job, options),
    (event, interruption) => {
      switch (event.type) {
        case "reading":
          interruption.handle(() => output.note(ctrlCNote("stopping")));
          return onProgress(event.done, event.total, event.what);
        case "started":
          return interruption.handle(() =>
            output.note(ctrlCNote("finishing the images under way")),
          );
        case "progress":
          ({ done, broken } = event);
          return output.progress.update(meter.read(event.done, event.total));
        case "stopped":
          throw taskStopped(event.done, event.total);
        default:
          return tellTask(event, sums, output, interruption);
      }
    },
  );
}
