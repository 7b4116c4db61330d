import {
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { beforeAll, beforeEach, describe, expect, test } from "vitest";
import { parse } from "yaml";
import { decodeSafetensors, encodeSafetensors } from "../../src/files/weights/safetensors.ts";
import { fewScenes, temporaryFolder, tiny } from "./scenes.ts";
import { demoMasks, writeAll } from "../files/formats/masks.ts";
import { tag2mask } from "./terminal.ts";

const folder = temporaryFolder();
const data = join(folder, "scenes");
const trained = join(folder, "trained");
const run = join(folder, "run");
const config = join(run, "config.yaml");
// No system has both.
const missing = process.platform === "darwin" ? "dml" : "coreml";

beforeAll(async () => {
  await fewScenes(data);
  const { code } = await tag2mask(
    ...["train", "--data", data, "--out", trained, "--steps", "1"],
    ...tiny,
  );
  expect(code).toBe(0);
});
beforeEach(() => {
  rmSync(run, { recursive: true, force: true });
  cpSync(trained, run, { recursive: true });
});

function edit(file: string, from: string | RegExp, to: string): void {
  const text = readFileSync(file, "utf8");
  expect(text).toMatch(from);
  writeFileSync(file, text.replace(from, to));
}

describe("train --resume", () => {
  test("computes where the run began, unless --device says otherwise", async () => {
    const stored = parse(readFileSync(config, "utf8")) as { run: { device: string } };
    expect(stored.run.device).toBe("cpu");
    edit(config, "device: cpu", `device: ${missing}`);
    const there = await tag2mask("train", "--resume", run);
    expect(there.stderr).toMatch(new RegExp(`device ${missing}: .*available devices: cpu`));
    expect((await tag2mask("train", "--resume", run, "--device", "cpu")).code).toBe(0);
    edit(config, `device: ${missing}`, "device: abacus");
    const { stderr } = await tag2mask("train", "--resume", run);
    expect(stderr).toMatch(/config\.yaml: run\.device: expected one of auto, cpu.*found "abacus"/);
  });

  test("with another backbone names the checkpoint and what differs", async () => {
    edit(config, "backbone: mit_tiny", "backbone: mit_small");
    const { code, stderr } = await tag2mask("train", "--resume", run);
    expect(code).toBe(1);
    expect(stderr).toMatch(/last\.safetensors: is not a checkpoint of the mit_small in .*config/);
    expect(stderr).not.toContain("unexpected");
  });

  test.each([
    ["without moments", (name: string) => name.startsWith("optimizer.m."), /m\.\S+ is missing/],
    ["without counts", (name: string) => name === "optimizer.updates", /updates is missing/],
  ])("from a checkpoint %s names it", async (_, isLost, what) => {
    const file = join(run, "weights", "last.safetensors");
    const { tensors, metadata } = decodeSafetensors(readFileSync(file), file);
    const kept = Object.entries(tensors).filter(([name]) => !isLost(name));
    const bytes = Buffer.concat(encodeSafetensors(Object.fromEntries(kept), metadata));
    for (const name of readdirSync(join(run, "weights"))) {
      rmSync(join(run, "weights", name));
      writeFileSync(join(run, "weights", name), bytes);
    }
    const { code, stderr } = await tag2mask("train", "--resume", run);
    expect([code, stderr.includes("unexpected")]).toEqual([1, false]);
    expect(stderr).toMatch(/last\.safetensors: is not a checkpoint of the mit_tiny/);
    expect(stderr).toMatch(what);
  });

  test("a run without a checkpoint outlives a resume that fails", async () => {
    for (const name of readdirSync(join(run, "weights"))) rmSync(join(run, "weights", name));
    const broken = join(folder, "broken");
    cpSync(data, broken, { recursive: true });
    for (const name of readdirSync(join(broken, "images"))) {
      const file = join(broken, "images", name);
      writeFileSync(file, readFileSync(file).subarray(0, 400));
    }
    const { code, stderr } = await tag2mask("train", "--resume", run, "--data", broken);
    expect(stderr).toMatch(/none of the 12 training images can be read/);
    expect(code).toBe(1);
    expect(existsSync(config)).toBe(true);
    expect(existsSync(join(run, "run.lock"))).toBe(false);
  });
});

test.each(["segment", "eval"])("%s looks for the model before the device", async (command) => {
  const args = command === "segment" ? [data, "--out", join(folder, "out")] : ["--data", data];
  const model = ["--model", join(folder, "nowhere"), "--device", missing];
  const { stderr } = await tag2mask(command, ...model, ...args);
  expect(stderr).toMatch(/nowhere: no such model/);
});

test("comparing masks ends at Ctrl-C and keeps what is measured", async () => {
  const masks = join(folder, "compared");
  await writeAll(masks, "voc", demoMasks(3));
  // As soon as the command takes Ctrl-C over.
  const press = (event: string | symbol): void => {
    if (event === "SIGINT") setImmediate(() => process.emit("SIGINT"));
  };
  process.on("newListener", press);
  const out = join(folder, "comparison");
  const { code, stdout, stderr } = await tag2mask(
    ...["eval", "--masks", masks, "--truth", masks, "--out", out],
  );
  process.off("newListener", press);
  expect(stderr).toMatch(/finishing the mask under way/);
  expect(stderr).toMatch(
    /stopped after ([12]) of 3 masks; \1 masks? (?:is|are) finished and kept; .* --resume goes on/,
  );
  expect({ code, stdout }).toEqual({ code: 130, stdout: "" });
  expect(readdirSync(out)).toEqual([".unfinished"]);
});

describe("demo", () => {
  const small = ["demo", "--images", "60", "--device", "cpu"];

  test("stopped before the training leaves nothing", async () => {
    const out = join(folder, "made", "demo");
    const stopper = setInterval(() => {
      if (!existsSync(join(out, "scenes"))) return;
      clearInterval(stopper);
      process.emit("SIGINT");
    }, 1);
    const { code, stderr } = await tag2mask(...small, "--out", out);
    clearInterval(stopper);
    expect(stderr).toMatch(/stopped before the training/);
    expect(code).toBe(130);
    expect(existsSync(join(folder, "made"))).toBe(false);
  });

  test("failing before the training leaves nothing of its own", async () => {
    const out = join(folder, "given");
    mkdirSync(out);
    // What lies in the run folder's place makes the last thing before the training fail.
    const blocker = setInterval(() => {
      if (!existsSync(join(out, "scenes"))) return;
      clearInterval(blocker);
      writeFileSync(join(out, "train"), "");
    }, 1);
    const { code, stderr } = await tag2mask(...small, "--out", out);
    clearInterval(blocker);
    expect(stderr).toMatch(/the folder cannot be created/);
    expect(code).toBe(1);
    expect(readdirSync(out)).toEqual(["train"]);
  });
});
