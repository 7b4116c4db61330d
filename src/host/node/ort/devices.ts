import { fork, type ForkOptions } from "node:child_process";
import { createRequire } from "node:module";
import { fileURLToPath, pathToFileURL } from "node:url";
import { UserError } from "../../../user-error.ts";
import {
  deviceNames,
  type DeviceChoice,
  type DeviceName,
  type DeviceOptions,
  type DeviceReport,
} from "../../devices.ts";
import { problemOf } from "../../both/ort/failure.ts";
import type { ProbeAnswer } from "./device-probe.ts";
import { gpuNumber } from "./gpu-number.ts";
import { describeWasm, loadOrt } from "./load-ort.ts";

/** Milliseconds after which a device that has not multiplied small matrices is given up. */
const probeTimeout = 60_000;

/** Devices that only native code can use, and that people ask for. */
const gpus = ["webgpu", "cuda"] as const;

/** Tries every device that this build of ONNX Runtime supports. */
export async function listDevices(): Promise<DeviceReport[]> {
  const reports: DeviceReport[] = [];
  // One at a time: they share the cores while their speed is measured.
  for (const device of supportedDevices()) reports.push(await probe({ device }));
  const problem = noGpus();
  if (problem === undefined) return reports;
  return [...reports, ...gpus.map((device) => ({ device, works: false, problem }))];
}

/**
 * Chooses the device to compute on. `auto` takes the fastest of CUDA, WebGPU and the CPU; any other name stands for itself and
 * is a UserError if it does not work. An earlier choice is returned as it is. For one of several processes, see `DeviceOptions`.
 */
export async function resolveDevice(
  name: DeviceName | DeviceChoice,
  { localRank }: DeviceOptions = {},
): Promise<DeviceChoice> {
  if (typeof name === "object") return name;
  if (name === "cpu") return { device: "cpu" };
  if (name === "auto") return chooseDevice(localRank);
  const choice = choiceOf(name, localRank);
  const { number } = choice;
  const supported = supportedDevices();
  const report: Omit<DeviceReport, "device"> = supported.includes(name)
    ? await probe(choice)
    : {
        works: false,
        problem: noGpus() ?? `ONNX Runtime does not support ${name} on this system`,
      };
  if (report.works) return choice;
  const others = (await listDevices()).filter((other) => other.works && other.device !== name);
  const available = others.map((other) => other.device).join(", ");
  const which = number === undefined ? name : `${name}, GPU ${number}`;
  throw new UserError(`device ${which}: ${report.problem}; available devices: ${available}`, {
    code: "device-unavailable",
    ...(report.remedies && { remedies: report.remedies }),
  });
}

/** The first of CUDA and WebGPU that works and is faster than the CPU, else the CPU. */
async function chooseDevice(localRank: number | undefined): Promise<DeviceChoice> {
  const supported = supportedDevices();
  // Several processes would all get the same GPU from WebGPU, which they have to ask for.
  const named = localRank === undefined ? (["cuda", "webgpu"] as const) : (["cuda"] as const);
  const candidates = named.filter((device) => supported.includes(device));
  const choices = candidates.map((device) => choiceOf(device, localRank));
  const working = (await Promise.all(choices.map(probe))).filter(({ works }) => works);
  if (working.length === 0) return noted({ device: "cpu" });
  const cpu = await probe({ device: "cpu" });
  // A software adapter works like a real one but is slower than the CPU it runs on.
  const faster = working.find(({ gflops }) => gflops! > cpu.gflops!);
  return noted(faster ? choiceOf(faster.device, localRank) : { device: "cpu" });
}

function noted(choice: DeviceChoice): DeviceChoice {
  return { ...choice, note: `device ${choice.device}` };
}

/** A device with the number of its GPU. ONNX Runtime for Node takes none for WebGPU, whose driver chooses. */
function choiceOf(device: DeviceName, localRank: number | undefined): DeviceChoice {
  if (device !== "cuda" || localRank === undefined) return { device };
  return { device, number: gpuNumber(localRank, process.env["CUDA_VISIBLE_DEVICES"]) };
}

function supportedDevices(): DeviceName[] {
  const loaded = loadOrt();
  if (loaded.kind === "wasm") return ["cpu"];
  const names = loaded.ort.listSupportedBackends().map((backend) => backend.name);
  return deviceNames.filter((device) => names.includes(device));
}

/** Why there are no devices besides the CPU; undefined where there may be. */
function noGpus(): string | undefined {
  const loaded = loadOrt();
  return loaded.kind === "wasm" ? describeWasm(loaded.reason) : undefined;
}

/** Tries a device, in a process of its own unless it is the CPU: a broken driver can crash the process. */
async function probe({ device, number }: DeviceChoice): Promise<DeviceReport> {
  const answer = device === "cpu" ? await askHere(device) : await askChild(device, number);
  if ("problem" in answer) return broken(device, answer.problem);
  return { device, works: true, gflops: answer.result.gflops };
}

async function askHere(device: string): Promise<ProbeAnswer> {
  const { answerFor } = await import("./device-probe.ts");
  return answerFor({ device });
}

function askChild(device: string, number: number | undefined): Promise<ProbeAnswer> {
  const here = import.meta.url;
  const file = fileURLToPath(new URL(`./device-probe${here.slice(here.lastIndexOf("."))}`, here));
  const options: ForkOptions = { silent: true, execArgv: loaderOf(here), timeout: probeTimeout };
  const args = number === undefined ? [device] : [device, String(number)];
  const child = fork(file, args, options);
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
  const cause = problemOf(error);
  const report = { device, works: false };
  if (device !== "cuda" || !/shared library|\.so\b|\.dll\b/.test(error)) {
    return { ...report, problem: cause };
  }
  const problem = `ONNX Runtime's CUDA libraries are not installed (${cause})`;
  return { ...report, problem, remedies: [{ kind: "cuda-libraries" }] };
}
