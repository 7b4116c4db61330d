import { fork } from "node:child_process";
import { join } from "node:path";
import { beforeAll, expect, test } from "vitest";
import type { CaseReport } from "./process.ts";

const files = 5000;
const seed = 31;
/** A file that takes longer hangs. */
const patience = 2000;
const memory = 512 * 2 ** 20;

const reports: CaseReport[] = [];
let end = "never ended";
let hung: unknown;

// In a process of its own: what hangs or takes the memory does not take the tests along, and no text
// from a file can become code, because there is no eval.
beforeAll(async () => {
  const child = fork(join(import.meta.dirname, "process.ts"), [String(files), String(seed)], {
    execArgv: ["--disallow-code-generation-from-strings", "--import", "tsx"],
    stdio: ["ignore", "ignore", "inherit", "ipc"],
    env: { ...process.env, NODE_NO_WARNINGS: "1" },
  });
  let timer: NodeJS.Timeout | undefined;
  child.on("message", (message: { begun?: object; report?: CaseReport }) => {
    clearTimeout(timer);
    if (message.report) reports.push(message.report);
    else {
      timer = setTimeout(() => {
        hung = message.begun;
        child.kill("SIGKILL");
      }, 10 * patience);
    }
  });
  end = await new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("exit", (code, signal) => resolve(signal ?? `code ${code}`));
  });
  clearTimeout(timer);
}, 240_000);

test("5,000 damaged files: the reader survives all of them", () => {
  expect(hung).toBeUndefined();
  expect(end).toBe("code 0");
  expect(reports.length).toBeGreaterThanOrEqual(files);
});

test("undamaged, each is read, but for the one that names os.system", () => {
  const whole = reports.filter(({ index }) => index === -1);
  const refused = whole.filter((report) => report.refused).map(({ subject }) => subject);
  expect(whole.length).toBeGreaterThan(10);
  expect(refused).toEqual(["evil"]);
});

test("each is read, or refused in words", () => {
  expect(reports.filter(({ wrong }) => wrong !== undefined)).toEqual([]);
});

test("none takes more than two seconds", () => {
  expect(reports.filter(({ milliseconds }) => milliseconds > patience)).toEqual([]);
});

test("none takes the memory above 512 MB", () => {
  expect(Math.max(...reports.map(({ peak }) => peak))).toBeLessThan(memory);
});

test("the damage goes deep enough: of every kind some are read and some refused", () => {
  for (const extension of [".pth", ".safetensors", ".npy", ".png", ".json", ".yaml"]) {
    const own = reports.filter((report) => report.extension === extension);
    const refused = own.filter((report) => report.refused).length;
    expect(own.length, extension).toBeGreaterThan(800);
    expect(refused, `${extension} refused`).toBeGreaterThan(own.length / 20);
    expect(own.length - refused, `${extension} read`).toBeGreaterThan(own.length / 100);
  }
});
