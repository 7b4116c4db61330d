import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { build } from "esbuild";
import { afterEach, beforeAll, expect, test } from "vitest";
import { AskedProcess } from "../../src/studio/server/asked-process.ts";
import { builtFolder } from "../built.ts";

// Processes of tests start from JavaScript, as those of the sources do.
const echo = join(builtFolder, "echo-process");
beforeAll(async () => {
  const entryPoints = [join(import.meta.dirname, "echo-process.ts")];
  const outfile = `${echo}.js`;
  await build({ entryPoints, outfile, bundle: true, platform: "node", format: "esm" });
});

const asked = new AskedProcess<string, { work: string; pid: number }>(pathToFileURL(echo));
afterEach(() => asked.end());

test("one process answers one question after the other", async () => {
  const [first, second] = await Promise.all([asked.ask("a"), asked.ask("b")]);
  expect([first.work, second.work]).toEqual(["a", "b"]);
  expect([first.pid, second.pid]).toEqual([asked.pid, asked.pid]);
});

test("a question that comes while the process is ending gets another process", async () => {
  const { pid } = await asked.ask("a");
  const ended = asked.end();
  const answer = await asked.ask("b");
  expect(answer.work).toBe("b");
  expect(answer.pid).not.toBe(pid);
  await ended;
  expect((await asked.ask("c")).pid).toBe(answer.pid);
});

test("what a process was at fails when it dies, and the next question starts another", async () => {
  await expect(asked.ask("fail")).rejects.toThrow("it cannot be done");
  await expect(asked.ask("die")).rejects.toThrow(/ended unexpectedly \(exit code 3\)/);
  expect((await asked.ask("a")).work).toBe("a");
});
