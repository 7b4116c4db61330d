import { isAbort } from "../../../jobs/events.ts";
import { resumeTraining, trainModel, type TrainJobEvent } from "../../../jobs/train.ts";
import { basename } from "../../../files/text/path.ts";
import { UserError } from "../../../user-error.ts";
import type { TrainInput, TrainNews, TrainOutcome } from "../protocol.ts";
import { storeImages, withImages } from "./images.ts";
import { host } from "./host.ts";
import { imagesFolder, runFolder } from "./places.ts";
import type { Doing } from "./serve-tasks.ts";
import { settingOptions } from "./settings.ts";

/** What the report of a run says of its start. */
const report = { command: "a page in a browser", versions: { tag2mask: host.version } };

/** Trains on a folder or on scenes, into a run in the storage of the page. */
export async function train(input: TrainInput, doing: Doing<"train">): Promise<TrainOutcome> {
  const { store } = host;
  const [run, images] = [runFolder(input.name), imagesFolder(input.name)];
  for (const path of [run, images]) {
    if (await store.exists(path)) {
      throw new UserError(`${input.name}: a training has this name already; choose another one`);
    }
  }
  // Whoever tidies up leaves the images of a training alone that is only starting.
  const lock = await store.lock(images, { place: input.name, work: "writing" });
  try {
    await store.makeFolder(images);
    await storeImages(input, doing);
    const { name, choices } = input;
    const job = { ...(await settingOptions(choices)), out: run, device: choices.device, report };
    return await withImages(
      name,
      (data) => follow(trainModel(host, { ...job, data }, doing), doing),
      doing,
    );
  } catch (error) {
    if (isAbort(error, doing.signal)) return { type: "canceled" };
    throw error;
  } finally {
    // A run that failed before its first checkpoint is gone.
    if (!(await store.exists(run))) await store.remove(images);
    await lock.release();
  }
}

/** Goes on with a run where it stopped. */
export function resume(name: string, doing: Doing<"resume">): Promise<TrainOutcome> {
  const run = runFolder(name);
  return withImages(
    name,
    (data) => follow(resumeTraining(host, { run, data, report }, doing), doing),
    doing,
  );
}

/** Tells the page what happens in a training, up to its end. */
async function follow(
  training: AsyncIterable<TrainJobEvent>,
  { tell }: Pick<Doing<"train">, "tell">,
): Promise<TrainOutcome> {
  let outcome: TrainOutcome = { type: "canceled" };
  for await (const event of training) {
    if (event.type === "trained") outcome = { type: "trained", run: basename(event.run) };
    if (event.type === "stopped") {
      outcome = { type: "stopped", run: basename(event.run), step: event.step };
    }
    const news = newsOf(event);
    if (news) tell(news);
    // Computing blocks the worker; here messages of the page come in.
    if (event.type === "step") await new Promise((resolve) => setTimeout(resolve));
  }
  return outcome;
}

/** What the page shows of an event: no weights, no pictures. */
function newsOf(event: TrainJobEvent): TrainNews | undefined {
  switch (event.type) {
    case "reading":
    case "notice":
    case "step":
    case "thresholds":
      return event;
    case "device": {
      const { device, note } = event.choice;
      return { type: "device", device, ...(note !== undefined && { note }) };
    }
    case "started":
      return { type: "started", run: basename(event.run) };
    case "validating":
      return { type: "validating", done: event.done, total: event.total };
    case "validation": {
      const { type, step, metrics, perClass } = event;
      return { type, step, metrics, perClass };
    }
    case "checkpoint":
      return { type: "checkpoint", step: event.step, best: event.best };
    case "skipped":
      return { type: "skipped", message: event.message };
    default:
      return undefined;
  }
}
