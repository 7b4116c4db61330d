import { afterAll, expect, test } from "vitest";
import { float32, input, matmul, writeModel } from "../../../../src/engine/graph/index.ts";
import { nodeRuntime } from "../../../../src/host/node/ort/runtime.ts";
import { SessionPool } from "../../../../src/host/node/workers/session-pool.ts";

const pool = new SessionPool({ lanes: 2, threads: 1 });
afterAll(() => pool.close());

const model = writeModel({ y: matmul(input("a", ["n", 2]), input("b", [2, 2])) });
const b = float32([2, 2], [1, 2, 3, 4]);

test("many runs at once each give what they would alone, whatever lane they meet", async () => {
  const session = await pool.createSession(model);
  const alone = await nodeRuntime().createSession(model);
  expect(session.inputNames).toEqual(alone.inputNames);
  const feeds = Array.from({ length: 7 }, (_, i) => ({
    a: float32(
      [i + 1, 2],
      Array.from({ length: 2 * i + 2 }, (_, j) => i - j),
    ),
    b,
  }));
  const made = await Promise.all(feeds.map((feed) => session.run(feed, { y: null })));
  for (const [i, { y }] of made.entries()) {
    expect(y).toEqual((await alone.run(feeds[i]!, { y: null }))["y"]);
    expect(feeds[i]!.a.data).toHaveLength(2 * i + 2); // stays the caller's
  }
  await alone.release();
  await session.release();
  await expect(session.run(feeds[0]!, { y: null })).rejects.toThrow(/session 0 after its release/);
});

test("what fails in a lane is told here, and the lane works on", async () => {
  await expect(pool.createSession(Uint8Array.of(1, 2, 3))).rejects.toThrow(/protobuf/i);
  const session = await pool.createSession(model);
  const wrong = { a: float32([1, 3], [1, 2, 3]), b };
  const runs = Array.from({ length: 3 }, () => session.run(wrong, { y: null }));
  for (const run of await Promise.allSettled(runs)) {
    expect(run).toMatchObject({
      status: "rejected",
      reason: { message: expect.stringMatching(/dimension/i) as string },
    });
  }
  const { y } = await session.run({ a: float32([1, 2], [1, 1]), b }, { y: null });
  expect([...y!.data]).toEqual([4, 6]);
  const into = { y: float32([1, 2], [0, 0]) };
  await expect(session.run({ a: float32([1, 2], [1, 1]), b }, into)).rejects.toThrow(
    /array for output y/,
  );
  await session.release();
});

test("a session that is released while it runs gives what it was asked for", async () => {
  const session = await pool.createSession(model);
  const feeds = { a: float32([1, 2], [1, 1]), b };
  const runs = [session.run(feeds, { y: null }), session.run(feeds, { y: null })];
  await session.release();
  for (const { y } of await Promise.all(runs)) expect([...y!.data]).toEqual([4, 6]);
});

test("a run or a session that is given its arrays leaves them empty, any other leaves them alone", async () => {
  const bytes = model.slice();
  const session = await pool.createSession(bytes, { transfer: true });
  expect([bytes.length, model.length > 0]).toEqual([0, true]);
  const [whole, part] = [float32([1, 2], [1, 1]), { ...b, data: Float32Array.of(0, 1, 2, 3, 4) }];
  const feeds = { a: whole, b: { ...part, data: part.data.subarray(1) } };
  const { y } = await session.run(feeds, { y: null }, { transfer: true });
  expect([...y!.data]).toEqual([4, 6]);
  expect([whole.data.length, feeds.b.data.length]).toEqual([0, 4]); // the rest of its buffer is another's
  await session.release();
});

test("runs of several sessions take turns in the same lanes, whichever are made or released meanwhile", async () => {
  const factor = input("b", [2, 2]);
  const twice = writeModel({ y: matmul(matmul(input("a", ["n", 2]), factor), factor) });
  const feeds = { a: float32([1, 2], [1, 1]), b };
  const one = await pool.createSession(model);
  const making = pool.createSession(twice);
  const first = Array.from({ length: 5 }, () => one.run(feeds, { y: null }));
  const two = await making;
  const second = Array.from({ length: 5 }, () => two.run(feeds, { y: null }));
  await one.release();
  for (const { y } of await Promise.all(first)) expect([...y!.data]).toEqual([4, 6]);
  for (const { y } of await Promise.all(second)) expect([...y!.data]).toEqual([22, 32]);
  await two.release();
});

test("runs that wait for a lane are served in the order they were asked for", async () => {
  const single = new SessionPool({ lanes: 1, threads: 1 });
  const session = await single.createSession(model);
  const served: number[] = [];
  const runs = [0, 1, 2, 3, 4].map(async (i) => {
    await session.run({ a: float32([1, 2], [i, i]), b }, { y: null });
    served.push(i);
  });
  await Promise.all(runs);
  expect(served).toEqual([0, 1, 2, 3, 4]);
  await single.close();
});

test("a pool that is closed while some lanes have no session yet finishes what it began and refuses what waits", async () => {
  const other = new SessionPool({ lanes: 3, threads: 1 });
  const session = await other.createSession(model);
  const feeds = { a: float32([1, 2], [1, 1]), b };
  const runs = Array.from({ length: 5 }, () => session.run(feeds, { y: null }));
  const settled = Promise.allSettled(runs);
  await other.close();
  const [begun, ...waiting] = await settled; // only the first lane had the session
  expect(begun).toMatchObject({ status: "fulfilled", value: { y: float32([1, 2], [4, 6]) } });
  for (const run of waiting) {
    const message = expect.stringMatching(/thread ended: the pool was closed/) as string;
    expect(run).toMatchObject({ status: "rejected", reason: { message } });
  }
  await expect(session.run(feeds, { y: null })).rejects.toThrow(/thread ended/);
  await expect(other.createSession(model)).rejects.toThrow(/thread ended/);
});

test("a pool that is closed at once finishes what its threads have begun", async () => {
  const other = new SessionPool({ lanes: 1, threads: 1 });
  const making = other.createSession(model);
  await other.close();
  const session = await making;
  await expect(session.run({ a: float32([1, 2], [1, 1]), b }, { y: null })).rejects.toThrow(
    /thread ended/,
  );
});

test("a closed pool says so instead of waiting, and lanes are a whole number", async () => {
  const other = new SessionPool({ lanes: 1, threads: 1 });
  const session = await other.createSession(model);
  await other.close();
  const run = session.run({ a: float32([1, 2], [1, 1]), b }, { y: null });
  await expect(run).rejects.toThrow(/thread ended/);
  expect(() => new SessionPool({ lanes: 0, threads: 1 })).toThrow(/0 lanes/);
});
