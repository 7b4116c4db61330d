import { fork, type ForkOptions } from "node:child_process";
import { createRequire } from "node:module";
import { dirname, join, relative } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { UserError } from "../../../user-error.ts";
import {
  deviceNames,
  type DeviceChoice,
  type DeviceName,
  type DeviceReport,
} from "../../devices.ts";
import type { ProbeAnswer } from "./device-probe.ts";

/** A device that takes longer than this to multiply small matrices is of no use. */
const probeTimeout = 60_000;

/** Every device that this build of ONNX Runtime could use, tried out. */
export async function listDevices(): Promise<DeviceReport[]> {
  const reports: DeviceReport[] = [];
  // One at a time: they share the cores that their speed is measured on.
  for (const device of await supportedDevices()) reports.push(await probe(device));
  return reports;
}

/**
 * Finds the device that the user asked for; a choice made before stands. One that is asked for and missing is an error; only
 * `auto` falls back, to the fastest of CUDA, WebGPU and the CPU, and says so.
 */
export async function resolveDevice(name: DeviceName | DeviceChoice): Promise<DeviceChoice> {
  if (typeof name === "object") return name;
  if (name === "cpu") return { device: "cpu" };
  if (name === "auto") return chooseDevice();
  const supported = await supportedDevices();
  const report = supported.includes(name)
    ? await probe(name)
    : { works: false, problem: `ONNX Runtime has no ${name} on this system` };
  if (report.works) return { device: name };
  const others = (await listDevices()).filter((other) => other.works && other.device !== name);
  const there = others.map((other) => other.device).join(", ");
  throw new UserError(`device ${name}: ${report.problem}; there is ${there}`);
}

async function chooseDevice(): Promise<DeviceChoice> {
  const supported = await supportedDevices();
  const candidates = (["cuda", "webgpu"] as const).filter((device) => supported.includes(device));
  const reports = await Promise.all(candidates.map(probe));
  const missing = reports
    .filter((report) => !report.works)
    .map((report) => `${report.device}: ${report.problem}`);
  const working = reports.filter((report) => report.works);
  if (working.length === 0) return { device: "cpu", note: `device cpu (${missing.join("; ")})` };
  const cpu = await probe("cpu");
  for (const report of working) {
    // A software adapter answers like a real one but is slower than the CPU it runs on.
    if (report.gflops! > cpu.gflops!)
      return { device: report.device, note: `device ${report.device}` };
    missing.push(
      `${report.device}: ${round(report.gflops)} GFLOP/s, slower than the CPU's ${round(cpu.gflops)}`,
    );
  }
  return { device: "cpu", note: `device cpu (${missing.join("; ")})` };
}

async function supportedDevices(): Promise<DeviceName[]> {
  const { listSupportedBackends } = await import("onnxruntime-node");
  const names = listSupportedBackends().map((backend) => backend.name);
  return deviceNames.filter((device) => names.includes(device));
}

/** Tries a device; other than the CPU in a process of its own, for a broken driver takes it along. */
async function probe(device: DeviceName): Promise<DeviceReport> {
  const answer = device === "cpu" ? await askHere(device) : await askChild(device);
  if ("problem" in answer)
    return { device, works: false, problem: explain(device, answer.problem) };
  return { device, works: true, gflops: answer.result.gflops };
}

async function askHere(device: string): Promise<ProbeAnswer> {
  const { answerFor } = await import("./device-probe.ts");
  return answerFor(device);
}

function askChild(device: string): Promise<ProbeAnswer> {
  const here = import.meta.url;
  const file = fileURLToPath(new URL(`./device-probe${here.slice(here.lastIndexOf("."))}`, here));
  const options: ForkOptions = { silent: true, execArgv: loaderOf(here), timeout: probeTimeout };
  const child = fork(file, [device], options);
  let errors = "";
  child.stderr?.on("data", (chunk: Buffer) => (errors += chunk.toString()));
  return new Promise((resolve) => {
    child.once("message", (answer) => resolve(answer as ProbeAnswer));
    child.once("error", (error) => resolve({ problem: error.message }));
    child.once("close", (code, signal) => {
      const last = errors.trim().split("\n").at(-1);
      resolve({
        problem: `the test process ended with ${signal ?? code}${last ? `: ${last}` : ""}`,
      });
    });
  });
}

/** TypeScript sources need the loader that development runs on. */
function loaderOf(url: string): string[] {
  if (!url.endsWith(".ts")) return [];
  return ["--import", pathToFileURL(createRequire(url).resolve("tsx")).href];
}

/** The libraries of CUDA are too large for the npm package: whoever wants them fetches them. */
function explain(device: DeviceName, problem: string): string {
  const cause = shorten(problem);
  if (device !== "cuda" || !/shared library|\.so\b|\.dll\b/.test(problem)) return cause;
  return (
    `ONNX Runtime's CUDA libraries are not installed (${cause}); with an NVIDIA GPU and CUDA 12 there, ` +
    `\`node ${installerPath()} --onnxruntime-node-install=true\` fetches them`
  );
}

/** From the working folder, as the user types it. */
function installerPath(): string {
  const main = createRequire(import.meta.url).resolve("onnxruntime-node");
  const file = join(dirname(main), "../script/install.js");
  const near = relative(process.cwd(), file);
  return near.startsWith("..") ? file : near;
}

/** ONNX Runtime puts its source file and a function's name before what went wrong. */
function shorten(problem: string): string {
  const line = problem.split("\n")[0]!.trim();
  const cause = /(?:was false\.|_\w+:) (.*)$/.exec(line)?.[1] ?? line;
  return cause.replace(/\.$/, "");
}

function round(gflops: number | undefined): string {
  return gflops === undefined ? "?" : gflops.toPrecision(3);
}
