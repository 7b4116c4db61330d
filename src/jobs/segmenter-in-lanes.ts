import type { DeviceName } from "../host/devices.ts";
import type { Host } from "../host/host.ts";
import type { Segmenter } from "../method/inference/segmenter.ts";
import type { DeviceEvent } from "./events.ts";
import { openAnyModel } from "./open-exported-model.ts";
import { openSegmenter } from "./open-segmenter.ts";
import { lanesFor, mostLanes, type Segmenting } from "./plan/lanes.ts";

export interface ModelOptions {
  /** Run folder, weights file or exported model. */
  readonly model: string;
  readonly device: DeviceName;
}

/**
 * Opens a trained model on a device.
 * @param work images to segment; many of them are computed in lanes
 */
export async function* openSegmenterInLanes(
  host: Host,
  { model, device }: ModelOptions,
  work?: Segmenting,
): AsyncGenerator<DeviceEvent, Segmenter> {
  // All that takes time begins at once: threads, trying devices in other processes, reading the model.
  const most = work && (device === "cpu" || device === "auto") ? mostLanes(work, host.machine) : 1;
  const pool = most > 1 ? await host.runtimePool(most) : undefined;
  let segmenter: Segmenter;
  try {
    const choosing = host.resolveDevice(device);
    choosing.catch(() => undefined);
    // A fault of the model is reported before one of the device.
    const opened = await openAnyModel(host.store, model);
    const lanes = work ? lanesFor(opened, work, host.machine) : 1;
    const choice = await choosing;
    if (pool && choice.device === "cpu" && lanes === pool.width) {
      segmenter = await openSegmenter(host, opened, { device: choice, pool });
    } else {
      // Only the model tells how much memory a lane takes; seldom there is not enough for all.
      await pool?.close();
      segmenter = await openSegmenter(host, opened, { device: choice, lanes });
    }
    yield { type: "device", choice };
  } catch (error) {
    await pool?.close();
    throw error;
  }
  return segmenter;
}
