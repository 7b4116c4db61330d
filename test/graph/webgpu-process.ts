import { exp, input, writeModel } from "../../src/graph/index.ts";
import { nodeRuntime } from "../../src/node/runtime.ts";
import type { OpErrors } from "./central-differences.ts";
import { compareWithFormula } from "./central-differences.ts";
import { opTable } from "./op-table.ts";

/** First whether there is an adapter, then how far each op of the table is off. */
export type WebgpuMessage =
  | { readonly adapter: true }
  | { readonly adapter: false; readonly reason: string }
  | { readonly name: string; readonly errors: OpErrors }
  | { readonly name: string; readonly failure: string };

const send = (message: WebgpuMessage): void => void process.send!(message);

try {
  // The device lives as long as a session does; with it its compiled shaders, most of the time.
  const session = await nodeRuntime({ device: "webgpu" }).createSession(
    writeModel({ y: exp(input("x", [2])) }),
  );
  send({ adapter: true });
  for (const row of opTable) {
    try {
      send({ name: row.name, errors: await compareWithFormula(row, "webgpu", "float32") });
    } catch (error) {
      send({ name: row.name, failure: (error as Error).message });
    }
  }
  await session.release();
} catch (error) {
  send({ adapter: false, reason: (error as Error).message });
}
process.disconnect();
