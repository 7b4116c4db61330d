import type * as ort from "onnxruntime-web";
import type {
  DeviceArray,
  DeviceResults,
  DeviceSession,
  Feeds,
  NdArray,
} from "../../../engine/graph/index.ts";
import { GpuArray } from "../../both/ort/gpu-array.ts";
import type { OrtWeb } from "./module.ts";
import type { Queue } from "./queue.ts";
import { toArray, toTensors } from "./values.ts";

/**
 * A session created with `preferredOutputLocation`: the outputs named there stay in GPU buffers. These belong to the session's
 * allocator, so the session is released only after the last of them has been freed.
 */
export class GpuSession implements DeviceSession {
  private liveArrays = 0;
  private failed = false;
  private released = false;

  constructor(
    private readonly module: OrtWeb,
    private readonly session: ort.InferenceSession,
    private readonly queue: Queue,
  ) {}

  async run(feeds: Feeds): Promise<DeviceResults> {
    if (this.released) throw new Error("session: run after release; create a new session");
    if (this.failed)
      throw new Error(
        "session: an earlier run failed, and left its inputs bound; create a new one",
      );
    const inputs = toTensors(this.module, this.session.inputNames, feeds);
    const results = await this.queue.add(() =>
      this.session.run(inputs).catch((error: unknown) => {
        // ONNX Runtime would compute the next run on the feeds of this one, without an error.
        this.failed = true;
        throw error;
      }),
    );
    const host: Record<string, NdArray> = {};
    const device: Record<string, DeviceArray> = {};
    for (const [name, result] of Object.entries(results)) {
      if (result.location === "gpu-buffer") {
        this.liveArrays++;
        device[name] = GpuArray.of(result, () => this.free(result));
      } else {
        host[name] = toArray(result);
        result.dispose();
      }
    }
    return { host, device };
  }

  async release(): Promise<void> {
    if (this.released) return;
    this.released = true;
    if (this.liveArrays === 0) await this.queue.add(() => this.session.release());
  }

  /** Frees a buffer in its turn: while another session runs, the module must not be called. */
  private free(output: ort.Tensor): void {
    void this.queue.add(async () => {
      output.dispose();
      this.liveArrays--;
      if (this.liveArrays === 0 && this.released) await this.session.release();
    });
  }
}
