import type { DeviceChoice, DeviceName } from "../host/devices.ts";
import type { Host, RuntimePool } from "../host/host.ts";
import type { ExportedModel, OpenedModel } from "../method/inference/model.ts";
import { Segmenter } from "../method/inference/segmenter.ts";
import { openAnyModel } from "./open-exported-model.ts";

/** Services of a host that a segmenter uses. */
export type SegmenterHost = Pick<
  Host,
  "store" | "codec" | "runtime" | "runtimePool" | "resolveDevice"
>;

export interface SegmenterOptions {
  /** Device to compute on: a name, or a result of `resolveDevice`; `auto` by default. */
  readonly device?: DeviceName | DeviceChoice;
  /**
   * Images that `segment` computes at the same time, each in a thread of its own, with the cores divided among them; 1 by
   * default. Several save time for many images on a CPU; further calls wait for their turn.
   */
  readonly lanes?: number;
  /** Running threads to use in place of `lanes`; closed with the segmenter. */
  readonly pool?: RuntimePool;
}

/**
 * Opens a model for segmenting and labeling.
 * @param source a run folder, a weights file, an exported .onnx, a folder for transformers.js, or an opened model
 */
export async function openSegmenter(
  host: SegmenterHost,
  source: string | OpenedModel | ExportedModel,
  { device: wanted = "auto", lanes = 1, pool: running }: SegmenterOptions = {},
): Promise<Segmenter> {
  const { device } = typeof wanted === "string" ? await host.resolveDevice(wanted) : wanted;
  // The threads start while the model is being read.
  const pool = running ?? (lanes > 1 && device === "cpu" ? await host.runtimePool(lanes) : null);
  try {
    const model = typeof source === "string" ? await openAnyModel(host.store, source) : source;
    const runtime = await host.runtime({ device });
    return await Segmenter.of(model, { codec: host.codec, runtime, pool });
  } catch (error) {
    await pool?.close();
    throw error;
  }
}
