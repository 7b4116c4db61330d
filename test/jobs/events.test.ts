import { expect, test } from "vitest";
import { reports } from "../../src/jobs/events.ts";

async function collect<E, R>(run: AsyncGenerator<E, R>): Promise<{ events: E[]; result: R }> {
  const events: E[] = [];
  let next = await run.next();
  for (; !next.done; next = await run.next()) events.push(next.value);
  return { events, result: next.value };
}

test("reports become events as they come, and the work's value is returned", async () => {
  const run = reports<number, string>(async (report) => {
    for (const n of [1, 2, 3]) {
      report(n);
      await new Promise((resolve) => setImmediate(resolve));
    }
    return "done";
  });
  expect(await collect(run)).toEqual({ events: [1, 2, 3], result: "done" });
});

test("reports that nobody has taken yet are replaced by the newest", async () => {
  const run = reports<number, undefined>((report) => {
    for (const n of [1, 2, 3]) report(n);
    return Promise.resolve(undefined);
  });
  expect((await collect(run)).events).toEqual([3]);
});

test("a failure comes after the last report", async () => {
  const run = reports<number, undefined>((report) => {
    report(1);
    return Promise.reject(new Error("broken"));
  });
  expect(await run.next()).toEqual({ done: false, value: 1 });
  await expect(run.next()).rejects.toThrow("broken");
});

test("work whose reports nobody takes any more ends at its next report", async () => {
  let reported = 0;
  let ended = false;
  const run = reports<number, undefined>(async (report) => {
    try {
      for (;;) {
        report(reported + 1);
        reported++;
        await new Promise((resolve) => setImmediate(resolve));
      }
    } finally {
      ended = true;
    }
  });
  for await (const event of run) if (event === 2) break;
  expect({ reported, ended }).toEqual({ reported: 2, ended: true });
});
