import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { describe, expect, test } from "vitest";
import type { DoctorReport } from "../../src/host/node/doctor.ts";
import { tag2mask } from "./terminal.ts";

describe("usage", () => {
  test("--help lists the commands and succeeds", async () => {
    const { code, stdout, stderr } = await tag2mask("--help");
    expect([code, stderr]).toEqual([0, ""]);
    expect(stdout).toContain("doctor");
  });

  test("--version is the package's", async () => {
    expect(await tag2mask("--version")).toMatchObject({ code: 0, stdout: "0.5.0\n" });
  });

  test("without a command the help goes to stderr", async () => {
    const { code, stdout, stderr } = await tag2mask();
    expect([code, stdout]).toEqual([2, ""]);
    expect(stderr).toContain("Usage: tag2mask");
  });

  test.each([
    [["doctr"], "tag2mask: unknown command 'doctr'; did you mean doctor?"],
    [["doctor", "--jsn"], "tag2mask doctor: unknown option '--jsn'; did you mean --json?"],
    [
      ["doctor", "--zzzzzz"],
      "tag2mask doctor: unknown option '--zzzzzz'; see tag2mask doctor --help",
    ],
    [["doctor", "more"], "tag2mask doctor: too many arguments for 'doctor'"],
  ])("%j is one line and exit code 2", async (args, message) => {
    const { code, stdout, stderr } = await tag2mask(...args);
    expect([code, stdout]).toEqual([2, ""]);
    expect(stderr).toContain(message);
    expect(stderr.trimEnd()).not.toContain("\n");
  });

  test("every command has help with examples and --json", async () => {
    const { stdout } = await tag2mask("--help");
    const names = [...stdout.matchAll(/^ {2}([a-z]+) .*\[options\]/gm)].map((match) => match[1]!);
    expect(names).toContain("doctor");
    for (const name of names) {
      const help = await tag2mask(name, "--help");
      expect(help.code).toBe(0);
      expect(help.stdout, name).toContain("--json");
      expect(help.stdout, name).toMatch(/Examples:\n {2}tag2mask /);
    }
  });
});

describe("doctor", () => {
  test("shows versions, memory and a CPU that computes", async () => {
    const { code, stdout } = await tag2mask("doctor");
    expect(code).toBe(0);
    expect(stdout).toMatch(/^ONNX Runtime +1\.\d+/m);
    expect(stdout).toMatch(/^images +reads JPEG, PNG, .*PPM$/m);
    expect(stdout).toMatch(/^device cpu +works, .* GFLOP\/s$/m);
  });

  test("--json is one line of JSON and nothing else", async () => {
    const { code, stdout, stderr } = await tag2mask("doctor", "--json");
    const report = JSON.parse(stdout) as DoctorReport;
    expect([code, stderr]).toEqual([0, ""]);
    expect(stdout.indexOf("\n")).toBe(stdout.length - 1);
    expect(report.node).toBe(process.versions.node);
    expect(report.devices[0]).toMatchObject({ device: "cpu", works: true });
  });
});

describe("a command that fails with --json has a last line on standard output, and the same words on standard error", () => {
  test.each([
    [["data", "no-such-folder", "--json"], 1, "invalid-input"],
    [["data", "--json"], 2, "usage"],
    [["doctor", "--json", "--jsn"], 2, "usage"],
    [["segment", "--model", "m", "--out", "o", "a.jpg", "--task", "0", "--json"], 2, "usage"],
    [["merge", "no-such-folder", "--json"], 1, "not-found"],
  ])("%j", async (args, exit, code) => {
    const { code: found, stdout, stderr } = await tag2mask(...args);
    expect(found).toBe(exit);
    const last = JSON.parse(stdout.trimEnd().split("\n").at(-1)!) as { message: string };
    expect(last).toEqual({ type: "error", code, message: expect.any(String) as string });
    expect(stderr).toBe(`tag2mask ${args[0]}: ${last.message}\n`);
  });

  test("without --json there is none", async () => {
    expect(await tag2mask("data", "no-such-folder")).toMatchObject({ code: 1, stdout: "" });
  });
});

test("--help as a process of its own loads neither the engine nor the image library", async () => {
  const script = `
    process.argv[2] = "--help";
    await import("./src/cli/main.ts");
    const { createRequire } = await import("node:module");
    const loaded = Object.keys(createRequire(import.meta.url).cache);
    console.log(loaded.filter((path) => /onnxruntime|sharp/.test(path)).length);`;
  const args = ["--import", "tsx", "--input-type=module", "-e", script, "--", "x"];
  const { stdout } = await promisify(execFile)(process.execPath, args);
  expect(stdout).toMatch(/^Usage: tag2mask/);
  expect(stdout.trimEnd().split("\n").at(-1)).toBe("0");
});
