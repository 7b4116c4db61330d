import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { nodeHost } from "../../../src/host/node/host.ts";
import { findModelFile } from "../../../src/files/run/find-weights.ts";

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "model-"));
  mkdirSync(join(root, "run", "weights"), { recursive: true });
});
afterEach(() => {
  rmSync(root, { recursive: true, force: true });
});

test("a run stands for its best weights, else its last, else its newest; a file for itself", async () => {
  const run = join(root, "run");
  for (const name of ["step-999999", "step-1000000", "last", "best"]) {
    const file = join(run, "weights", `${name}.safetensors`);
    writeFileSync(file, "");
    if (name !== "step-999999") expect(await findModelFile(nodeHost.store, run)).toBe(file);
    expect(await findModelFile(nodeHost.store, file)).toBe(file);
  }
  const best = join(run, "weights", "best.safetensors");
  expect(await findModelFile(nodeHost.store, join(run, "weights"))).toBe(best);
});

test("a folder without weights and a path that is nothing are refused", async () => {
  await expect(findModelFile(nodeHost.store, join(root, "run"))).rejects.toThrow(
    /run: has no weights\/best/,
  );
  await expect(findModelFile(nodeHost.store, join(root, "none"))).rejects.toThrow(
    /none: no such model/,
  );
});
