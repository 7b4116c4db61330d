import type * as ort from "onnxruntime-node";
import type {
  DeviceArray,
  DeviceResults,
  DeviceSession,
  Feeds,
  NdArray,
} from "../../../engine/graph/index.ts";
import { GpuArray, toArray, toTensors } from "./ort-values.ts";

/**
 * A session made with `preferredOutputLocation`: the outputs named there stay in GPU buffers. Those
 * buffers belong to the session's allocator, so that it goes only after the last of them.
 */
export class GpuSession implements DeviceSession {
  private live = 0;
  private released = false;

  constructor(private readonly session: ort.InferenceSession) {}

  async run(feeds: Feeds): Promise<DeviceResults> {
    const results = await this.session.run(toTensors(this.session.inputNames, feeds));
    const host: Record<string, NdArray> = {};
    const device: Record<string, DeviceArray> = {};
    for (const [name, result] of Object.entries(results)) {
      if (result.location === "gpu-buffer") {
        this.live++;
        device[name] = GpuArray.of(result, () => this.freed());
      } else {
        host[name] = toArray(result);
      }
    }
    return { host, device };
  }

  async release(): Promise<void> {
    this.released = true;
    if (this.live === 0) await this.session.release();
  }

  private freed(): void {
    this.live--;
    if (this.live === 0 && this.released) void this.session.release();
  }
}
