import fs from "node:fs/promises";
import { syncBuiltinESMExports } from "node:module";
import { createInterface } from "node:readline";
import type { ProcessLock as Lock } from "../src/host/node/files/process-lock.ts";

// A process of bench/lock-race.ts: takes a lock when it is told to, and says whether it got it. It pauses for a random time
// before some file operations, so that processes meet in the middle of taking a lock.
const [pauseShare = "0"] = process.argv.slice(2);
const share = Number(pauseShare);

const paused = ["writeFile", "stat", "link", "open", "rename", "rm", "readFile"] as const;
for (const name of paused) {
  const original = fs[name] as (...args: unknown[]) => Promise<unknown>;
  Object.assign(fs, {
    [name]: async (...args: unknown[]) => {
      if (Math.random() < share) {
        await new Promise((resolve) => setTimeout(resolve, Math.random() * 4));
      }
      return original(...args);
    },
  });
}
// The functions that the lock imports by name are these from now on.
syncBuiltinESMExports();
const { ProcessLock } = await import("../src/host/node/files/process-lock.ts");

let lock: Lock | undefined;
const say = (answer: unknown): void => void process.stdout.write(`${JSON.stringify(answer)}\n`);
say({ pid: process.pid });
for await (const line of createInterface({ input: process.stdin })) {
  const [order, path = "", at = "0"] = line.split("\t");
  if (order === "take") {
    // All takers start in the same millisecond.
    while (Date.now() < Number(at));
    const taken = await ProcessLock.take(path);
    lock = taken instanceof ProcessLock ? taken : undefined;
    say({ won: lock !== undefined });
  } else if (order === "check") {
    say({ intact: await lock?.isIntact() });
  } else {
    await lock?.release();
    lock = undefined;
    say({ released: true });
  }
}
