import { mkdtemp, rm } from "node:fs/promises";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import { float32 } from "../src/engine/graph/index.ts";
import { outcomeOf } from "../src/jobs/events.ts";
import { exportModel } from "../src/jobs/export.ts";
import { nodeHost } from "../src/host/node/host.ts";
import { openModel } from "../src/jobs/open-model.ts";
import { nodeRuntime } from "../src/host/node/ort/runtime.ts";
import { Random } from "../src/engine/random.ts";
import { describeMachine } from "./machine.ts";
import { randomModel } from "./measure-inference.ts";
import { summarize } from "./summary.ts";

// Speed of exported models whose weights are float32, float16 and int8, on noise of 500 x 375, run in turns in one
// process. What precision costs in quality is what `tag2mask eval --model` says of each.
const backbone = "mit_b1";
const precisions = ["float32", "float16", "int8"] as const;
const [height, width, runs, settling] = [375, 500, 15, 2];

const { cpu, cores, system, node, onnxruntime, date, load } = describeMachine(
  new Date().toISOString(),
);
console.log(`${cpu}, ${cores} cores, ${system}, Node.js ${node}, ONNX Runtime ${onnxruntime}`);
console.log(`${date}, load before ${load.toFixed(1)}; ${backbone}, ${width} x ${height}`);
const folder = await mkdtemp(join(tmpdir(), "tag2mask-bench-"));
try {
  const model = await openModel(nodeHost.store, await randomModel(folder, backbone));
  const runtime = nodeRuntime({ threads: availableParallelism() });
  const random = Random.at(1, "bench", "quantized");
  const noise = Float32Array.from({ length: 3 * height * width }, () => random.normal());
  const measured = [];
  for (const precision of precisions) {
    const out = join(folder, `${precision}.onnx`);
    await outcomeOf(exportModel(nodeHost, model, { precision, out }), "exported");
    const session = await runtime.createSession(out);
    measured.push({ precision, session, seconds: [] as number[] });
  }
  for (let run = 0; run < settling + runs; run++) {
    for (const { session, seconds } of measured) {
      const [image] = session.inputNames as readonly [string];
      const start = performance.now();
      await session.run({ [image]: float32([1, 3, height, width], noise) }, { logits: null });
      if (run >= settling) seconds.push((performance.now() - start) / 1000);
    }
  }
  const plain = summarize(measured[0]!.seconds).median;
  for (const { precision, session, seconds } of measured) {
    const { median, min, max } = summarize(seconds);
    const times = [median, min, max].map((value) => `${(1000 * value).toFixed(1)} ms`);
    console.log(
      `${precision}: median ${times[0]} (${times[1]} to ${times[2]}), ${(plain / median).toFixed(2)} x float32`,
    );
    await session.release();
  }
} finally {
  await rm(folder, { recursive: true, force: true });
}
