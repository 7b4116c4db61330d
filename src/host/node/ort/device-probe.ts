import { fileURLToPath } from "node:url";
import {
  float32,
  input,
  matmul,
  softmax,
  writeModel,
  type Runtime,
} from "../../../engine/graph/index.ts";
import { nodeRuntime } from "./runtime.ts";

/** What a working device showed. */
export interface ProbeResult {
  /** Speed of matrix products, transfers included, in 10^9 operations a second. */
  readonly gflops: number;
}

/** What the child process answers. */
export type ProbeAnswer = { readonly result: ProbeResult } | { readonly problem: string };

const chainLength = 8;

/** Lets a device compute something small, checks the numbers, then measures its speed. */
async function probeDevice(device: string): Promise<ProbeResult> {
  const runtime = nodeRuntime({ device });
  await checkNumbers(runtime);
  const small = await measure(runtime, 256);
  // A software adapter would take half a minute for the larger one.
  const slow = small.seconds > 0.05;
  return { gflops: slow ? small.gflops : (await measure(runtime, 1024)).gflops };
}

/** softmax(a·b) of small matrices against the same in plain loops. */
async function checkNumbers(runtime: Runtime): Promise<void> {
  const [rows, inner, columns] = [4, 5, 3];
  const a = float32(
    [rows, inner],
    Array.from({ length: 20 }, (_, i) => Math.sin(i)),
  );
  const b = float32(
    [inner, columns],
    Array.from({ length: 15 }, (_, i) => Math.cos(3 * i)),
  );
  const y = softmax(matmul(input("a", a.shape), input("b", b.shape)));
  const session = await runtime.createSession(writeModel({ y }));
  const { y: found } = await session.run({ a, b }, { y: null });
  await session.release();
  for (let i = 0; i < rows; i++) {
    const logits = Array.from({ length: columns }, (_, j) => {
      let sum = 0;
      for (let k = 0; k < inner; k++) sum += a.data[i * inner + k]! * b.data[k * columns + j]!;
      return Math.exp(sum);
    });
    const total = logits.reduce((sum, value) => sum + value, 0);
    for (const [j, value] of logits.entries()) {
      const got = Number(found!.data[i * columns + j]);
      if (Math.abs(got - value / total) <= 1e-3) continue;
      throw new Error(`self-test: expected ${value / total}, the device computed ${got}`);
    }
  }
}

/** The best of two runs of a chain of square matrix products. */
async function measure(
  runtime: Runtime,
  side: number,
): Promise<{ seconds: number; gflops: number }> {
  const b = input("b", [side, side]);
  let y = input("a", [side, side]);
  for (let i = 0; i < chainLength; i++) y = matmul(y, b);
  const session = await runtime.createSession(writeModel({ y }));
  const a = float32([side, side], new Float32Array(side * side).fill(1));
  const mean = float32([side, side], new Float32Array(side * side).fill(1 / side));
  let seconds = Infinity;
  await session.run({ a, b: mean }, { y: null });
  for (let i = 0; i < 2; i++) {
    const start = performance.now();
    await session.run({ a, b: mean }, { y: null });
    seconds = Math.min(seconds, (performance.now() - start) / 1000);
  }
  await session.release();
  return { seconds, gflops: (2 * chainLength * side ** 3) / seconds / 1e9 };
}

/** Probes a device without ever failing. */
export async function answerFor(device: string): Promise<ProbeAnswer> {
  try {
    return { result: await probeDevice(device) };
  } catch (error) {
    return { problem: error instanceof Error ? error.message : String(error) };
  }
}

// As a process of its own: probes the device named on the command line and answers the parent.
if (process.send !== undefined && process.argv[1] === fileURLToPath(import.meta.url)) {
  const answer = await answerFor(process.argv[2] ?? "cpu");
  process.send(answer, () => process.exit(0));
}
