import type { DeviceName } from "../../src/host/devices.ts";
import { webOrt, type WebOrt } from "../../src/host/web/ort/ort.ts";
import { forwardErrors } from "../method/inference/golden-forward.ts";
import { gradientErrors } from "../method/train/golden-gradients.ts";
import { trajectoryErrors } from "../method/train/golden-trajectory.ts";
import { checks } from "../runtime-conformance.ts";
import { answerTasks } from "./answer-tasks.ts";

/** The worker's name: a device, or cpu with a number of threads: `cpu 2`. */
const [device = "cpu", threads] = (globalThis as unknown as { name: string }).name.split(" ");
const host: WebOrt = webOrt({
  files: "/ort",
  ...(threads !== undefined && { threads: Number(threads) }),
});
const runtime = await host.runtime({ device });

answerTasks({
  threads: () => ({ threads: host.threads, note: host.threadsNote }),
  conformance: (name: string) => checks[name]!(runtime),
  forward: () => forwardErrors(runtime),
  gradients: () => gradientErrors(runtime),
  trajectory: () => trajectoryErrors(runtime),
  devices: () => host.listDevices(),
  resolve: (name: DeviceName) => host.resolveDevice(name),
});
