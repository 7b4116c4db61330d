import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { afterAll, beforeAll, expect, test } from "vitest";
import { writeCheckpoint } from "../jobs/exported-model.ts";
import { commandLine } from "../built.ts";
import { tag2mask } from "./terminal.ts";

const root = await mkdtemp(join(tmpdir(), "serve-"));
const model = join(root, "animals.safetensors");
beforeAll(() => writeCheckpoint(model));
afterAll(() => rm(root, { recursive: true, force: true }));

test.each([
  [["--model", model], "required option '--label-studio' not specified", 2],
  [["--label-studio", "--model", model, "--port", "70000"], "Expected a port from 0", 2],
  [["--label-studio", "--model", model, "--host", "0.0.0.0"], "needs a token, which Label Studio sends as a password; give --token, or set TAG2MASK_TOKEN", 1], // prettier-ignore
])("serve %j is refused in one line", async (args, message, expected) => {
  const { code, stdout, stderr } = await tag2mask("serve", ...args);
  expect([code, stdout]).toEqual([expected, ""]);
  expect(stderr).toContain(message);
  expect(stderr.trimEnd()).not.toContain("\n");
});

test("the command serves until Ctrl-C; the token may come from the environment", async () => {
  const args = ["--label-studio", "--model", model, "--device", "cpu", "--port", "0", "--json"];
  const child = spawn(process.execPath, [...commandLine, "serve", ...args], {
    cwd: join(import.meta.dirname, "../.."),
    stdio: ["ignore", "pipe", "inherit"],
    env: { ...process.env, TAG2MASK_TOKEN: "0123456789abcdef" },
  });
  const ended = once(child, "exit");
  const [line] = (await once(createInterface(child.stdout), "line")) as [string];
  const { url, version } = JSON.parse(line) as { url: string; version: string };
  expect(version).toMatch(/^tag2mask-animals-/);
  expect((await fetch(`${url}/health`)).status).toBe(401);
  const headers = { authorization: "Bearer 0123456789abcdef" };
  const health = (await (await fetch(`${url}/health`, { headers })).json()) as { model_version: string }; // prettier-ignore
  expect(health.model_version).toBe(version);
  child.kill("SIGINT");
  expect(await ended).toEqual([0, null]);
  await expect(fetch(`${url}/health`, { headers })).rejects.toThrow();
}, 60_000);
