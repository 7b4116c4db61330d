import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { nodeHost } from "../../../src/host/node/host.ts";
import { RunDirectory } from "../../../src/files/run/directory.ts";
import { decodeSafetensors } from "../../../src/files/weights/safetensors.ts";
import { fakeState } from "./fake-run.ts";

const script = join(import.meta.dirname, "train-forever.ts");

let path: string;
beforeEach(() => {
  path = join(mkdtempSync(join(tmpdir(), "kill-")), "exp");
});
afterEach(() => {
  rmSync(join(path, ".."), { recursive: true, force: true });
});

/** Lines of log.jsonl as far as their steps go. */
function stepsOf(run: string): number[] {
  const lines = readFileSync(join(run, "log.jsonl"), "utf8").trim().split("\n");
  const entries = lines.map((line) => JSON.parse(line) as { type: string; step: number });
  return entries.filter(({ type }) => type === "step").map(({ step }) => step);
}

test("a process killed with -9 again and again leaves a run that goes on each time", async () => {
  for (const milliseconds of [15, 140, 67]) {
    const child = spawn(process.execPath, ["--import", "tsx", script, path]);
    await once(child.stdout, "data"); // its first checkpoint
    await new Promise((resolve) => setTimeout(resolve, milliseconds));
    child.kill("SIGKILL");
    await once(child, "exit");

    const { run, state, messages } = await RunDirectory.open(nodeHost, path);
    await run.close();
    expect(messages).toEqual([]);
    const { step, tensors } = state!;
    expect(tensors["decoder.weight"]!.data).toEqual(
      fakeState(step).tensors["decoder.weight"]!.data,
    );
    expect(stepsOf(path)).toEqual(Array.from({ length: step }, (_, i) => i));
    expect(readdirSync(join(path, "weights")).filter((name) => name.includes("tmp"))).toEqual([]);
  }
});

test.skipIf(process.platform === "win32")(
  "a file that cannot be written whole stops the run in words, the checkpoint before it intact",
  async () => {
    // No file may grow beyond 16 KB: as on a full disk, writing a checkpoint of 40 KB ends in its middle.
    const run = await RunDirectory.create(nodeHost, {
      root: join(path, ".."),
      name: "exp",
      config: {},
    });
    await run.record({ type: "checkpoint", step: 1, state: fakeState(1), best: true });
    await run.close();
    const limited = `trap '' XFSZ; ulimit -f 32; exec "$@"`;
    const child = spawn("sh", [
      "-c",
      limited,
      "sh",
      process.execPath,
      "--import",
      "tsx",
      script,
      path,
    ]);
    let output = "";
    child.stdout.on("data", (data: Buffer) => (output += data.toString()));
    const [code] = (await once(child, "exit")) as [number];
    expect(output).toMatch(
      /^UserError: .*step-000003\.safetensors: .*too large.*\(the checkpoint takes 40\.\d kB, .* free\); that of step 1 is intact/,
    );
    expect(code).toBe(1);
    expect(readdirSync(join(path, "weights")).sort()).toEqual([
      "best.safetensors",
      "last.safetensors",
      "step-000001.safetensors",
    ]);
    const last = decodeSafetensors(readFileSync(join(path, "weights", "last.safetensors")));
    expect(last.metadata["step"]).toBe("1");
  },
);
