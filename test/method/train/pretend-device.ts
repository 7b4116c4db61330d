import {
  type DeviceArray,
  type DeviceRuntime,
  type Feed,
  type Feeds,
  type NdArray,
  type Session,
  sizeOf,
} from "../../../src/engine/graph/index.ts";
import { nodeRuntime } from "../../../src/host/node/ort/runtime.ts";
import { readModel } from "../../engine/graph/onnx-reader.ts";

interface Memory {
  array: NdArray | null;
}

/** An array that only sessions of its runtime can read. */
class PretendArray implements DeviceArray {
  readonly dtype = "float32";

  constructor(
    private readonly memory: Memory,
    readonly shape: readonly number[],
    private readonly whenFreed: () => void,
  ) {}

  get content(): NdArray {
    if (!this.memory.array) throw new Error("a device array is read after it was freed");
    return { ...this.memory.array, shape: this.shape };
  }

  reshape(shape: readonly number[]): DeviceArray {
    if (sizeOf(shape) !== sizeOf(this.shape)) throw new Error(`[${this.shape}] is not [${shape}]`);
    return new PretendArray(this.memory, shape, this.whenFreed);
  }

  free(): void {
    if (this.memory.array) this.whenFreed();
    this.memory.array = null;
  }
}

/**
 * The CPU in the part of a device with a memory of its own; `live` counts the arrays in it, `sessions` those that have
 * not been released.
 */
export function pretendDevice(): {
  runtime: DeviceRuntime;
  live: () => number;
  sessions: () => number;
} {
  const cpu = nodeRuntime();
  let [live, sessions] = [0, 0];
  const createSession = async (model: Uint8Array | string): Promise<Session> => {
    const session = await cpu.createSession(model);
    sessions++;
    return {
      inputNames: session.inputNames,
      run: (feeds, fetches) => session.run(feeds, fetches),
      release: async () => {
        await session.release();
        sessions--;
      },
    };
  };
  const fetched = (feeds: Feeds): Record<string, NdArray> =>
    Object.fromEntries(Object.entries(feeds).map(([name, value]) => [name, read(value)]));
  const read = (value: Feed): NdArray =>
    value instanceof PretendArray ? value.content : (value as NdArray);
  const runtime: DeviceRuntime = {
    device: "pretend",
    async createSession(model) {
      const session = await createSession(model);
      return {
        inputNames: session.inputNames,
        run: (feeds, fetches) => session.run(fetched(feeds), fetches),
        release: () => session.release(),
      };
    },
    async createDeviceSession(model, kept) {
      const session = await createSession(model);
      const names = readModel(model).outputs;
      return {
        async run(feeds) {
          const wanted = Object.fromEntries(names.map((name) => [name, null]));
          const host = await session.run(fetched(feeds), wanted);
          const device: Record<string, DeviceArray> = {};
          for (const name of kept) {
            live++;
            device[name] = new PretendArray(
              { array: host[name]! },
              host[name]!.shape,
              () => live--,
            );
            Reflect.deleteProperty(host, name);
          }
          return { host, device };
        },
        release: () => session.release(),
      };
    },
  };
  return { runtime, live: () => live, sessions: () => sessions };
}
