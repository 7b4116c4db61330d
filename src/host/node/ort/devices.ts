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

/** Milliseconds after which a device that has not multiplied small matrices is given up. */
const probeTimeout = 60_000;

/** Tries every device that this build of ONNX Runtime supports. */
export async function listDevices(): Promise<DeviceReport[]> {
  const reports: DeviceReport[] = [];
  // One at a time: they share the cores while their speed is measured.
  for (const device of await supportedDevices()) reports.push(await probe(device));
  return reports;
}

/**
 * Chooses the device to compute on. `auto` takes the fastest of CUDA, WebGPU and the CPU; any other name stands for itself and
 * is a UserError if it does not work. An earlier choice is returned as it is.
 */
export async function resolveDevice(name: DeviceName | DeviceChoice): Promise<DeviceChoice> {
  if (typeof name === "object") return name;
  if (name === "cpu") return { device: "cpu" };
  if (name === "auto") return chooseDevice();
  const supported = await supportedDevices();
  const report: Omit<DeviceReport, "device"> = supported.includes(name)
    ? await probe(name)
    : { works: false, problem: `ONNX Runtime does not support ${name} on this system` };
  if (report.works) return { device: name };
  const others = (await listDevices()).filter((other) => other.works && other.device !== name);
  const available = others.map((other) => other.device).join(", ");
  throw new UserError(`device ${name}: ${report.problem}; available devices: ${available}`, {
    code: "device-unavailable",
    ...(report.remedies && { remedies: report.remedies }),
  });
}

/** The first of CUDA and WebGPU that works and is faster than the CPU, else the CPU. */
async function chooseDevice(): Promise<DeviceChoice> {
  const supported = await supportedDevices();
  const candidates = (["cuda", "webgpu"] as const).filter((device) => supported.includes(device));
  const working = (await Promise.all(candidates.map(probe))).filter(({ works }) => works);
  if (working.length === 0) return noted("cpu");
  const cpu = await probe("cpu");
  // A software adapter works like a real one but is slower than the CPU it runs on.
  const faster = working.find(({ gflops }) => gflops! > cpu.gflops!);
  return noted(faster?.device ?? "cpu");
}

function noted(device: DeviceName): DeviceChoice {
  return { device, note: `device ${device}` };
}

async function supportedDevices(): Promise<DeviceName[]> {
  const { listSupportedBackends } = await import("onnxruntime-node");
  const names = listSupportedBackends().map((backend) => backend.name);
  return deviceNames.filter((device) => names.includes(device));
}

/** Tries a device, in a process of its own unless it is the CPU: a broken driver can crash the process. */
async function probe(device: DeviceName): Promise<DeviceReport> {
  const answer = device === "cpu" ? await askHere(device) : await askChild(device);
  if ("problem" in answer) return broken(device, answer.problem);
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

/** Node options that load TypeScript sources; none for built files. */
function loaderOf(url: string): string[] {
  if (!url.endsWith(".ts")) return [];
  return ["--import", pathToFileURL(createRequire(url).resolve("tsx")).href];
}

/** A device that does not work. CUDA's libraries are too large for the npm package and must be downloaded by the user. */
function broken(device: DeviceName, error: string): DeviceReport {
  const cause = shorten(error);
  const report = { device, works: false };
  if (device !== "cuda" || !/shared library|\.so\b|\.dll\b/.test(error)) {
    return { ...report, problem: cause };
  }
  const problem = `ONNX Runtime's CUDA libraries are not installed (${cause})`;
  return { ...report, problem, remedies: [{ kind: "cuda-libraries", installer: installerPath() }] };
}

/** Path of ONNX Runtime's installer, relative to the working folder if it is near. */
function installerPath(): string {
  const main = createRequire(import.meta.url).resolve("onnxruntime-node");
  const file = join(dirname(main), "../script/install.js");
  const near = relative(process.cwd(), file);
  return near.startsWith("..") ? file : near;
}

/** The problem alone: ONNX Runtime puts its source file and function before it. */
function shorten(problem: string): string {
  const line = problem.split("\n")[0]!.trim();
  const cause = /(?:was false\.|_\w+:) (.*)$/.exec(line)?.[1] ?? line;
  return cause.replace(/\.$/, "");
}
