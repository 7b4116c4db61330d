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
 * @param work images to segment; several are computed side by side in lanes
 */
export async function* openSegmenterInLanes(
  host: Host,
  { model: path, device }: ModelOptions,
  work?: Segmenting,
): AsyncGenerator<DeviceEvent, Segmenter> {
  // Everything slow begins at once: starting threads, trying devices in other processes, reading the model.
  const maxLanes =
    work && (device === "cpu" || device === "auto") ? mostLanes(work, host.machine) : 1;
  const pool = maxLanes > 1 ? await host.runtimePool(maxLanes) : undefined;
  let segmenter: Segmenter;
  try {
    const choosing = host.resolveDevice(device);
    choosing.catch(() => undefined);
    // Errors of the model are reported before those of the device.
    const model = await openAnyModel(host.store, path);
    const lanes = work ? lanesFor(model, work, host.machine) : 1;
    const choice = await choosing;
    if (pool && choice.device === "cpu" && lanes === pool.width) {
      segmenter = await openSegmenter(host, model, { device: choice, pool });
    } else {
      // How much memory a lane takes depends on the model; rarely there is too little for all lanes.
      await pool?.close();
      segmenter = await openSegmenter(host, model, { device: choice, lanes });
    }
    yield { type: "device", choice };
  } catch (error) {
    await pool?.close();
    throw error;
  }
  return segmenter;
}
