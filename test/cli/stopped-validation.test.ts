import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, expect, test } from "vitest";
import { runProgram } from "../../src/cli/program.ts";
import { fewScenes, temporaryFolder, tiny } from "./scenes.ts";
import { tag2mask } from "./terminal.ts";

const folder = temporaryFolder();
const data = join(folder, "scenes");
beforeAll(() => fewScenes(data));

/** Runs a command and presses Ctrl-C once it has told of a step: what follows the last step is its validation. */
async function stopAfter(
  step: number,
  ...args: string[]
): Promise<{ code: number; stdout: string; stderr: string }> {
  let [stdout, stderr] = ["", ""];
  let isPressed = false;
  const write = (text: string): void => {
    stdout += text;
    if (isPressed || !text.includes(`"type":"step","step":${step - 1},`)) return;
    isPressed = true;
    process.emit("SIGINT");
  };
  const code = await runProgram([...args, "--json"], {
    stdout: { write },
    stderr: { write: (text) => (stderr += text) },
    color: false,
    now: () => performance.now(),
  });
  return { code, stdout, stderr };
}

test("a training that is stopped in its last validation says so, and goes on with that validation", async () => {
  const run = join(folder, "run");
  const best = join(run, "weights", "best.safetensors");
  const args = ["train", "--data", data, "--out", run, "--steps", "2", ...tiny];
  const { code, stdout, stderr } = await stopAfter(2, ...args);
  expect(stderr).toMatch(
    /tag2mask train: stopped during the validation after step 2; continue with: .*tag2mask train --resume .*run\n$/,
  );
  expect(code).toBe(130);
  expect(stdout).not.toMatch(/"type":"(?:validation|done)"|"metrics"/);
  expect([existsSync(best), existsSync(join(run, "report.html"))]).toEqual([false, false]);
  const resumed = await tag2mask("train", "--resume", run);
  expect(resumed.code, resumed.stderr).toBe(0);
  expect(resumed.stderr).toMatch(/validation after step 2: .*seg/);
  expect(resumed.stdout).toMatch(/weights .*best\.safetensors/);
  expect(existsSync(best)).toBe(true);
  const report = (): string => readFileSync(join(run, "report.html"), "utf8");
  const first = "<pre>tag2mask train --data";
  const goesOn = "<pre>tag2mask train --resume";
  expect(report()).toContain(first);
  expect(report()).toContain(goesOn);
  const again = await tag2mask("train", "--resume", run);
  expect(again.stderr).toMatch(
    /run: is complete already: all 2 steps are done; nothing is trained/,
  );
  expect(report()).toContain(first);
  expect(report()).not.toContain(goesOn);
});

test("a demo that is stopped in its last validation says so, and the same command goes on with it", async () => {
  const out = join(folder, "demo");
  const args = ["demo", "--images", "14", "--out", out, "--steps", "2", ...tiny];
  const { code, stdout, stderr } = await stopAfter(2, ...args);
  expect(stderr).toMatch(
    /tag2mask demo: stopped during the validation after step 2; the same command with --out .*demo goes on\n$/,
  );
  expect(code).toBe(130);
  expect(stdout).not.toMatch(/"type":"(?:validation|done)"|"test"/);
  expect(existsSync(join(out, ".unfinished"))).toBe(true);
  const again = await tag2mask(...args);
  expect(again.code, again.stderr).toBe(0);
  expect(again.stderr).toMatch(/validation after step 2: /);
  expect(existsSync(join(out, ".unfinished"))).toBe(false);
  const { seeds } = JSON.parse(readFileSync(join(out, "stages.json"), "utf8")) as { seeds: [] };
  expect(seeds).toHaveLength(1);
});
