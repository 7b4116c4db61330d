import type * as ort from "onnxruntime-node";
import type {
  DeviceArray,
  DeviceResults,
  DeviceSession,
  Feeds,
  NdArray,
} from "../../../engine/graph/index.ts";
import { GpuArray } from "../../both/ort/gpu-array.ts";
import { toArray, toTensors } from "./ort-values.ts";

/**
 * A session created with `preferredOutputLocation`: the outputs named there stay in GPU buffers. These belong to the session's
 * allocator, so the session is released only after the last of them has been freed.
 */
export class GpuSession implements DeviceSession {
  private liveArrays = 0;
  private released = false;

  constructor(private readonly session: ort.InferenceSession) {}

  async run(feeds: Feeds): Promise<DeviceResults> {
    const results = await this.session.run(toTensors(this.session.inputNames, feeds));
    const host: Record<string, NdArray> = {};
    const device: Record<string, DeviceArray> = {};
    for (const [name, result] of Object.entries(results)) {
      if (result.location === "gpu-buffer") {
        this.liveArrays++;
        device[name] = GpuArray.of(result, () => this.free(result));
      } else {
        host[name] = toArray(result);
      }
    }
    return { host, device };
  }

  async release(): Promise<void> {
    this.released = true;
    if (this.liveArrays === 0) await this.session.release();
  }

  private free(output: ort.Tensor): void {
    output.dispose();
    this.liveArrays--;
    if (this.liveArrays === 0 && this.released) void this.session.release();
  }
}
