import {
  type DType,
  type NdArray,
  type Runtime,
  add,
  exp,
  float32,
  input,
  matmul,
  reshape,
  writeModel,
} from "../src/engine/graph/index.ts";

/** A promise of `Runtime`: throws where it is broken. Needs no test runner, so that a browser can run it. */
export type Check = (runtime: Runtime) => Promise<void>;

const product = (): Uint8Array =>
  writeModel({ y: matmul(input("a", ["n", 2]), input("b", [2, 2])) });
const b = float32([2, 2], [1, 2, 3, 4]);
const feeds = (...values: number[]) => ({ a: float32([values.length / 2, 2], values), b });

/** One value of every element type, the ends of its range among them. */
const values: Readonly<Record<DType, NdArray["data"]>> = {
  float32: Float32Array.of(1.5, -2, 3e38, -0),
  float64: Float64Array.of(1.5, -2, 1e300, -0),
  float16: Uint16Array.of(0x3e00, 0xc000, 0x7bff, 0x8000),
  int64: BigInt64Array.of(1n, -(2n ** 63n), 2n ** 63n - 1n, 0n),
  int32: Int32Array.of(1, -(2 ** 31), 2 ** 31 - 1, 0),
  int8: Int8Array.of(1, -128, 127, 0),
  uint8: Uint8Array.of(1, 0, 255, 128),
  bool: Uint8Array.of(1, 0, 0, 1),
};

function expectEqual(name: string, found: NdArray | undefined, expected: NdArray): void {
  const show = (array: NdArray | undefined): string =>
    array === undefined
      ? "nothing"
      : `${array.dtype} [${array.shape}] ${array.data.constructor.name} ${[...array.data].join(" ")}`;
  if (show(found) !== show(expected))
    throw new Error(`${name}: found ${show(found)}, expected ${show(expected)}`);
}

async function expectError(what: string, run: () => Promise<unknown>): Promise<void> {
  const error = await run().then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (!(error instanceof Error) || error.message === "")
    throw new Error(`${what}: expected an error with a message, found ${String(error)}`);
}

/** An output array is written, or refused by an error that names the output. */
async function expectWritten(runtime: Runtime, dtype: DType, data: NdArray["data"]): Promise<void> {
  const session = await runtime.createSession(
    writeModel({ out: reshape(input("x", [4], dtype), [2, 2]) }),
  );
  const into: NdArray = {
    dtype,
    shape: [2, 2],
    data: new (data.constructor as new (length: number) => NdArray["data"])(4),
  };
  try {
    const { out } = await session.run({ x: { dtype, shape: [4], data } }, { out: into });
    expectEqual(`${dtype}, the array`, into, { dtype, shape: [2, 2], data });
    if (out !== into) throw new Error(`${dtype}: the result is another array than the one passed`);
  } catch (error) {
    if (!/array for output out/.test((error as Error).message)) throw error;
  } finally {
    await session.release();
  }
}

/** What every runtime promises, by the sentence that a test is called. */
export const checks: Readonly<Record<string, Check>> = {
  async "a small graph gives its formula's values, and names its inputs"(runtime) {
    const session = await runtime.createSession(product());
    if (String([...session.inputNames].sort()) !== "a,b")
      throw new Error(`inputs ${session.inputNames}, expected a and b`);
    const { y } = await session.run(feeds(1, 1), { y: null });
    expectEqual("y", y, float32([1, 2], [4, 6]));
    await session.release();
  },

  async "every element type goes in and comes out with the same bits"(runtime) {
    for (const [name, data] of Object.entries(values)) {
      const dtype = name as DType;
      const model = writeModel({ out: reshape(input("x", [4], dtype), [2, 2]) });
      const session = await runtime.createSession(model);
      const { out } = await session.run({ x: { dtype, shape: [4], data } }, { out: null });
      expectEqual(dtype, out, { dtype, shape: [2, 2], data });
      await session.release();
    }
  },

  async "an array passed for an output is written or refused, never left as it was"(runtime) {
    for (const [dtype, data] of Object.entries(values))
      await expectWritten(runtime, dtype as DType, data);
  },

  async "an array of another shape or type than the output's is refused"(runtime) {
    const session = await runtime.createSession(product());
    const wrong: NdArray[] = [
      float32([2, 1], [0, 0]),
      float32([1, 3], [0, 0, 0]),
      { dtype: "int32", shape: [1, 2], data: Int32Array.of(0, 0) },
    ];
    for (const y of wrong)
      await expectError(`an array of ${y.dtype} [${y.shape}]`, () =>
        session.run(feeds(1, 1), { y }),
      );
    await session.release();
  },

  async "outputs that nobody fetches are not among the results"(runtime) {
    const x = input("x", [2]);
    const session = await runtime.createSession(writeModel({ one: add(x, x), two: exp(x) }));
    const results = await session.run({ x: float32([2], [1, 2]) }, { one: null });
    if (String(Object.keys(results)) !== "one")
      throw new Error(`results ${Object.keys(results)}, expected one`);
    expectEqual("one", results["one"], float32([2], [2, 4]));
    await session.release();
  },

  async "wrong feeds and fetches are errors, after which the session still runs"(runtime) {
    const session = await runtime.createSession(product());
    const good = feeds(1, 1);
    const int: NdArray = { dtype: "int32", shape: [1, 2], data: Int32Array.of(1, 1) };
    const run = (wrong: Record<string, NdArray>, output = "y") =>
      session.run(wrong, { [output]: null });
    await expectError("an input without a value", () => run({ a: good.a }));
    await expectError("a misspelt input", () => run({ a: good.a, bb: b }));
    await expectError("another fixed axis", () => run({ a: float32([1, 3], [1, 1, 1]), b }));
    await expectError("another number of axes", () => run({ a: float32([2], [1, 1]), b }));
    await expectError("another type", () => run({ a: int, b }));
    await expectError("a misspelt output", () => run(good, "z"));
    expectEqual("y", (await run(good))["y"], float32([1, 2], [4, 6]));
    await session.release();
  },

  async "bytes that are no model are an error, after which others are created"(runtime) {
    await expectError("no model", () => runtime.createSession(Uint8Array.of(1, 2, 3)));
    await (await runtime.createSession(product())).release();
  },

  async "a symbolic axis takes another length at every run"(runtime) {
    const session = await runtime.createSession(product());
    for (const n of [1, 3, 2]) {
      const { y } = await session.run(feeds(...new Array<number>(2 * n).fill(1)), { y: null });
      expectEqual(
        `n = ${n}`,
        y,
        float32(
          [n, 2],
          Array.from({ length: 2 * n }, (_, i) => (i % 2 === 0 ? 4 : 6)),
        ),
      );
    }
    await session.release();
  },

  async "results of an earlier run stay as they were"(runtime) {
    const session = await runtime.createSession(product());
    const first = await session.run(feeds(1, 1), { y: null });
    await session.run(feeds(2, 2), { y: null });
    expectEqual("the first y", first["y"], float32([1, 2], [4, 6]));
    await session.release();
    expectEqual("the first y after release", first["y"], float32([1, 2], [4, 6]));
  },

  async "sessions are created and run side by side, and feeds stay the caller's"(runtime) {
    const sessions = await Promise.all([0, 1].map(() => runtime.createSession(product())));
    const numbers = [0, 1, 2, 3, 4, 5];
    const fed = numbers.map((i) => feeds(i, 1));
    const results = await Promise.all(
      numbers.map((i) => sessions[i % 2]!.run(fed[i]!, { y: null })),
    );
    for (const i of numbers) {
      expectEqual(`run ${i}`, results[i]!["y"], float32([1, 2], [i + 3, 2 * i + 4]));
      expectEqual(`feed ${i}`, fed[i]!.a, float32([1, 2], [i, 1]));
    }
    await Promise.all(sessions.map((session) => session.release()));
  },

  async "a session is released twice without an error, and then runs no more"(runtime) {
    const session = await runtime.createSession(product());
    await session.release();
    await session.release();
    await expectError("a run after release", () => session.run(feeds(1, 1), { y: null }));
  },
};
