import { afterAll, expect, test } from "vitest";
import { float32, input, matmul, writeModel } from "../../src/graph/index.ts";
import { nodeRuntime } from "../../src/node/runtime.ts";
import { SessionPool } from "../../src/node/session-pool.ts";

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
  await expect(session.run(feeds[0]!, { y: null })).rejects.toThrow(/session 0.*not there/);
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

test("a closed pool says so instead of waiting, and lanes are a whole number", async () => {
  const other = new SessionPool({ lanes: 1, threads: 1 });
  const session = await other.createSession(model);
  await other.close();
  const run = session.run({ a: float32([1, 2], [1, 1]), b }, { y: null });
  await expect(run).rejects.toThrow(/thread ended/);
  expect(() => new SessionPool({ lanes: 0, threads: 1 })).toThrow(/0 lanes/);
});
