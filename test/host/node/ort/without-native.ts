import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { resolveDevice } from "../../../../src/host/node/ort/devices.ts";
import { loadOrt } from "../../../../src/host/node/ort/load-ort.ts";
import { nodeRuntime } from "../../../../src/host/node/ort/runtime.ts";
import { SessionPool } from "../../../../src/host/node/workers/session-pool.ts";
import { checks } from "../../../runtime-conformance.ts";

// Run as a process without native code: computes in threads of its own and in those of a pool, starts a process, asks for a GPU.

if (process.argv[2] === "child") console.log(loadOrt().kind);
else {
  const pool = new SessionPool({ lanes: 2, threads: 1 });
  for (const runtime of [nodeRuntime({ threads: 2 }), pool])
    await checks["a small graph gives its formula's values, and names its inputs"]!(runtime);
  console.log(await pool.channelBlock(), nodeRuntime().device);
  await pool.close();
  const args = ["--import", "tsx", fileURLToPath(import.meta.url), "child"];
  const stdio = ["ignore", "pipe", "inherit"] as const;
  console.log(
    execFileSync(process.execPath, args, { stdio: [...stdio] })
      .toString()
      .trim(),
  );
  console.log(await resolveDevice("webgpu").catch(({ message }: Error) => message));
  console.log((await resolveDevice("auto")).device);
}
