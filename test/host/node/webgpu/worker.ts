import {
  exp,
  hasMemory,
  input,
  writeModel,
  type DeviceRuntime,
} from "../../../../src/engine/graph/index.ts";
import { nodeRuntime } from "../../../../src/host/node/ort/runtime.ts";
import type { WebgpuMessage } from "./adapter.ts";

/** Work whose result the parent process asks for by name. */
export type Task<Result> = () => Promise<Result>;

/** The whole of a process behind `onWebgpu`: tells whether there is an adapter, then does one task after the other. */
export async function answer<Result>(
  tasksOn: (runtime: DeviceRuntime) => Readonly<Record<string, Task<Result>>>,
): Promise<void> {
  const send = (message: WebgpuMessage<Result>): void => void process.send!(message);
  try {
    const runtime = nodeRuntime({ device: "webgpu" });
    if (!hasMemory(runtime)) throw new Error("the runtime of WebGPU keeps nothing on the device");
    // The device lives as long as a session does; with it its compiled shaders, most of the time.
    const session = await runtime.createSession(writeModel({ y: exp(input("x", [2])) }));
    send({ adapter: true });
    for (const [name, task] of Object.entries(tasksOn(runtime))) {
      try {
        send({ name, result: await task() });
      } catch (error) {
        send({ name, failure: (error as Error).message });
      }
    }
    await session.release();
  } catch (error) {
    send({ adapter: false, reason: (error as Error).message });
  }
  process.disconnect();
}
