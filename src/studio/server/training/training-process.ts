import { join } from "node:path";
import { nodeHost } from "../../../host/node/host.ts";
import { ProcessLock } from "../../../host/node/files/process-lock.ts";
import { writeFileAtomic } from "../../../host/node/files/atomic-file.ts";
import { resumeTraining, trainModel, type ResumeJob, type TrainJob } from "../../../jobs/train.ts";
import { sendToServer } from "../answer-job.ts";
import { sentError, type FromJob, type ToJob } from "../child-process.ts";
import { trainingFiles } from "./training-files.ts";

/** A training to do, and the folder in which it says how it ended. */
export type TrainingRequest = { readonly folder: string } & (
  | { readonly kind: "start"; readonly job: TrainJob }
  | { readonly kind: "resume"; readonly job: ResumeJob }
);

/** Events that are told while a training is prepared; from then on its log tells everything. */
const told: readonly string[] = ["reading", "notice", "download", "download-pause", "started"];

const controller = new AbortController();
const stop = (): void => controller.abort();
// As on the command line: after the step under way, with a checkpoint.
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, stop);

let hasBegun = false;
process.on("message", (message: ToJob) => {
  if (message.type === "stop") return stop();
  hasBegun = true;
  void run(message.request as TrainingRequest);
});
// A training goes on without the server, which finds it again by its locks.
process.once("disconnect", () => {
  if (!hasBegun) process.exit(1);
});

async function run({ folder, ...request }: TrainingRequest): Promise<void> {
  const lock = await ProcessLock.take(join(folder, trainingFiles.lock));
  if (!(lock instanceof ProcessLock)) {
    // Another process trains here already, and says itself how it ends.
    return end({ type: "ended", result: null });
  }
  try {
    const options = { signal: controller.signal };
    const events =
      request.kind === "start"
        ? trainModel(nodeHost, request.job, options)
        : resumeTraining(nodeHost, request.job, options);
    for await (const event of events) {
      if (told.includes(event.type)) await sendToServer({ type: "event", event });
    }
    await lock.release();
    await end({ type: "ended", result: null });
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.stack : String(error)}\n`);
    const failure = { ...sentError(error), time: Date.now() };
    await writeFileAtomic(join(folder, trainingFiles.failure), JSON.stringify(failure));
    await lock.release();
    process.exitCode = 1;
    await end({ type: "failed", error: sentError(error) });
  }
}

async function end(message: FromJob): Promise<void> {
  await sendToServer(message);
  if (process.connected) process.disconnect();
}
