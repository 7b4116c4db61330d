import { float32, input, matmul, writeModel, type Runtime } from "../src/engine/graph/index.ts";
import { nodeRuntime } from "../src/host/node/ort/runtime.ts";
import { Random } from "../src/engine/random.ts";
import { watchForeignLoad } from "./foreign-load.ts";
import { now, timed, type JobResult, type PartSample } from "./job.ts";

/** [m, k, n] of m×k times k×n: squares, and what fits a cache better. */
const shapes: readonly (readonly [number, number, number])[] = [
  [768, 768, 768],
  [1024, 1024, 1024],
  [2048, 2048, 2048],
  [2048, 512, 2048],
];
/** Runs of each shape, after one that is not counted. */
const runs = 6;

/** Float32 matrix products as fast as ONNX Runtime makes them here; both factors are fed, as weights are in training. */
export async function measureSgemm(threads: number): Promise<JobResult> {
  const runtime = nodeRuntime({ threads });
  const others = watchForeignLoad(now);
  const parts: PartSample[] = [];
  for (const shape of shapes) parts.push(await product(runtime, shape));
  return { group: sgemmGroup(threads), parts, foreignLoad: others() };
}

/** Title of the products with so many threads. */
export function sgemmGroup(threads: number): string {
  return `matrix product, ${threads} ${threads === 1 ? "thread" : "threads"}`;
}

async function product(
  runtime: Runtime,
  [m, k, n]: readonly [number, number, number],
): Promise<PartSample> {
  const [a, b] = [input("a", [m, k]), input("b", [k, n])];
  const session = await runtime.createSession(writeModel({ y: matmul(a, b) }));
  const random = Random.at(1, "sgemm", m, k, n);
  const draw = (length: number): Float32Array => Float32Array.from({ length }, () => random.next());
  const feeds = { a: float32([m, k], draw(m * k)), b: float32([k, n], draw(k * n)) };
  const fetches = { y: float32([m, n], new Float32Array(m * n)) };
  const seconds: number[] = [];
  for (let i = 0; i <= runs; i++) {
    const spent = await timed(() => session.run(feeds, fetches));
    if (i > 0) seconds.push(spent);
  }
  await session.release();
  const count = 2 * m * k * n;
  const operations = { matrix: count, total: count };
  return { name: `${m} × ${k} × ${n}`, seconds, rss: null, operations };
}
