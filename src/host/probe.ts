import {
  float32,
  input,
  matmul,
  softmax,
  writeModel,
  type Runtime,
} from "../engine/graph/index.ts";

/** Result of trying a device that works. */
export interface ProbeResult {
  /** Speed of matrix products, transfers included, in 10^9 operations a second. */
  readonly gflops: number;
}

const chainLength = 8;

/**
 * Checks the numbers that a device computes, then measures its speed; throws if they are wrong.
 * @param now a clock in seconds
 */
export async function probeRuntime(runtime: Runtime, now: () => number): Promise<ProbeResult> {
  await checkNumbers(runtime);
  const small = await measure(runtime, 256, now);
  // A software adapter would take half a minute for the larger measurement.
  const slow = small.seconds > 0.05;
  return { gflops: slow ? small.gflops : (await measure(runtime, 1024, now)).gflops };
}

/** Compares softmax(a·b) of small matrices with the same in plain loops. */
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
  const { y: computed } = await session.run({ a, b }, { y: null });
  await session.release();
  for (let i = 0; i < rows; i++) {
    const logits = Array.from({ length: columns }, (_, j) => {
      let sum = 0;
      for (let k = 0; k < inner; k++) sum += a.data[i * inner + k]! * b.data[k * columns + j]!;
      return Math.exp(sum);
    });
    const total = logits.reduce((sum, value) => sum + value, 0);
    for (const [j, value] of logits.entries()) {
      const actual = Number(computed!.data[i * columns + j]);
      if (Math.abs(actual - value / total) <= 1e-3) continue;
      throw new Error(`self-test: expected ${value / total}, the device computed ${actual}`);
    }
  }
}

/** Time of a chain of square matrix products, the better of two runs. */
async function measure(
  runtime: Runtime,
  side: number,
  now: () => number,
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
    const start = now();
    await session.run({ a, b: mean }, { y: null });
    seconds = Math.min(seconds, now() - start);
  }
  await session.release();
  return { seconds, gflops: (2 * chainLength * side ** 3) / seconds / 1e9 };
}
