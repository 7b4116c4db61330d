import type { Host } from "../host.ts";
import { nodeCommands } from "./commands.ts";
import { nodeStore } from "./files/store.ts";
import { nodeHub } from "./hub/hub.ts";
import { nodeCodec } from "./images/codec.ts";
import { nodeMachine } from "./machine.ts";
import { packageVersion } from "./version.ts";
import { nodeWorkers } from "./workers/workers.ts";

/** This machine through Node; large packages are loaded on first use. */
export const nodeHost: Host = {
  get version() {
    return packageVersion();
  },
  store: nodeStore,
  hub: nodeHub,
  codec: nodeCodec,
  workers: nodeWorkers,
  commands: nodeCommands,
  machine: nodeMachine,
  async runtime(options) {
    const { nodeRuntime } = await import("./ort/runtime.ts");
    return nodeRuntime(options);
  },
  async runtimePool(lanes) {
    const { sharedPool } = await import("./workers/session-pool.ts");
    return sharedPool(lanes);
  },
  async resolveDevice(name, options) {
    const { resolveDevice } = await import("./ort/devices.ts");
    return resolveDevice(name, options);
  },
  async listDevices() {
    const { listDevices } = await import("./ort/devices.ts");
    return listDevices();
  },
};
