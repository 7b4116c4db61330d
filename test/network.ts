import { type NdArray, type Session, type Tensor, writeModel } from "../src/engine/graph/index.ts";
import { nodeRuntime } from "../src/host/node/ort/runtime.ts";

export * from "./arrays.ts";

/** Evaluates a graph once. */
export async function evaluate(
  outputs: Readonly<Record<string, Tensor>>,
  feeds: Readonly<Record<string, NdArray>> = {},
  device = "cpu",
): Promise<Record<string, NdArray>> {
  const session: Session = await nodeRuntime({ device }).createSession(writeModel(outputs));
  const results = await session.run(
    feeds,
    Object.fromEntries(Object.keys(outputs).map((name) => [name, null])),
  );
  await session.release();
  return results;
}
