import type { DeviceReport } from "../../../host/devices.ts";
import { nodeHost } from "../../../host/node/host.ts";
import { answerJob } from "../answer-job.ts";

/** Tries all devices of this machine. */
// eslint-disable-next-line require-yield
answerJob(async function* (): AsyncGenerator<never, readonly DeviceReport[]> {
  return await nodeHost.listDevices();
});
