import { expect, test } from "vitest";
import type { Session } from "../../../src/engine/graph/index.ts";
import { LazySession } from "../../../src/method/inference/lazy-session.ts";

/** Sessions that note their release; creating one fails as long as there are failures left. */
function sessions(failures = 0) {
  const events: string[] = [];
  let [created, left] = [0, failures];
  const lazy = new LazySession(async () => {
    created++;
    if (left-- > 0) throw new Error(`failure ${created}`);
    const name = `session ${created}`;
    const session: Session = {
      inputNames: [name],
      run: async () => ({}),
      release: async () => void events.push(`released ${name}`),
    };
    return session;
  });
  const name = async (): Promise<string> => (await lazy.get()).inputNames[0]!;
  return { lazy, name, events, created: () => created };
}

test("a session is created once, at the first use", async () => {
  const { name, created } = sessions();
  expect(created()).toBe(0);
  expect(await Promise.all([name(), name()])).toEqual(["session 1", "session 1"]);
  expect(created()).toBe(1);
});

test("after its release the next use creates another; releasing none does nothing", async () => {
  const { lazy, name, events, created } = sessions();
  await lazy.release();
  await name();
  await lazy.release();
  await lazy.release();
  expect(events).toEqual(["released session 1"]);
  expect([await name(), created()]).toEqual(["session 2", 2]);
});

test("a session that could not be created is tried again, also after warming up", async () => {
  const { lazy, name, created } = sessions(2);
  lazy.warmUp();
  expect(created()).toBe(1);
  await expect(lazy.get()).rejects.toThrow("failure 1");
  await expect(lazy.get()).rejects.toThrow("failure 2");
  expect(await name()).toBe("session 3");
});
