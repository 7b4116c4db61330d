import { availableParallelism, cpus, freemem, release, totalmem } from "node:os";
import type { DeviceReport } from "../devices.ts";
import { imageFormats } from "../../method/images/image-name.ts";
import { sharpProblem } from "./images/sharp-problem.ts";
import { describeMpi, type MpiReport } from "./mpi/describe.ts";
import { listDevices } from "./ort/devices.ts";
import { describeWasm, loadOrt } from "./ort/load-ort.ts";
import type { Remedy } from "../../user-error.ts";
import { packageVersion } from "./version.ts";

/** The machine and the software that tag2mask runs on. */
export interface DoctorReport {
  readonly tag2mask: string;
  readonly node: string;
  readonly onnxruntime: string;
  /** Where ONNX Runtime comes from: a package with native code; or why it is WebAssembly, which is slower. */
  readonly runtime: { readonly package: string } | { readonly wasm: string };
  readonly system: string;
  readonly cpu: { readonly model: string; readonly cores: number };
  /** Bytes. */
  readonly memory: { readonly total: number; readonly free: number };
  /** Formats that can be read, or why sharp, which decodes most, cannot be loaded. */
  readonly images: { readonly formats: readonly string[] } | { readonly problem: string };
  readonly devices: readonly DeviceReport[];
  /** The library through which several machines would train together. */
  readonly mpi: MpiReport;
}

const formats = imageFormats.map(([, name]) => name);

/** Examines the machine and tries every device. */
export async function examine(): Promise<DoctorReport> {
  const loaded = loadOrt();
  const { versions } = loaded.ort.env;
  const problem = await sharpProblem();
  // Memory limit of a container; 0 or a huge number means none.
  const limit = process.constrainedMemory() || Infinity;
  return {
    tag2mask: packageVersion(),
    node: process.versions.node,
    onnxruntime: versions.node ?? versions.web ?? versions.common!,
    runtime: loaded.kind === "native" ? { package: loaded.from } : { wasm: loaded.reason },
    system: `${process.platform} ${process.arch} ${release()}`,
    cpu: { model: cpus()[0]?.model.trim() ?? "unknown", cores: availableParallelism() },
    memory: { total: Math.min(totalmem(), limit), free: Math.min(freemem(), limit) },
    images: problem === undefined ? { formats } : { problem },
    devices: await listDevices(),
    mpi: await describeMpi(),
  };
}

/** Formats the report as text. @param wordRemedies words what can be done about a device */
export function formatDoctor(
  report: DoctorReport,
  wordRemedies: (remedies: readonly Remedy[]) => string,
): string {
  const { cpu, memory, images, mpi, runtime } = report;
  const rows = [
    ["tag2mask", report.tag2mask],
    ["Node.js", report.node],
    [
      "ONNX Runtime",
      "package" in runtime
        ? `${report.onnxruntime} (${runtime.package})`
        : `${report.onnxruntime}; ${describeWasm(runtime.wasm)}`,
    ],
    ["system", report.system],
    ["CPU", `${cpu.model}, ${cpu.cores} cores`],
    ["memory", `${gigabytes(memory.total)}, ${gigabytes(memory.free)} free`],
    [
      "images",
      "problem" in images
        ? `cannot be read: ${images.problem}`
        : `reads ${images.formats.join(", ")}`,
    ],
    ...report.devices.map((device) => [`device ${device.device}`, verdict(device, wordRemedies)]),
    ["MPI", "problem" in mpi ? `not available: ${mpi.problem}` : `${mpi.version} (${mpi.library})`],
  ];
  return rows.map(([name, value]) => `${name!.padEnd(14)} ${value}`).join("\n");
}

function verdict(
  { works, gflops, problem, remedies }: DeviceReport,
  wordRemedies: (remedies: readonly Remedy[]) => string,
): string {
  if (!works) {
    return `not available: ${problem}${remedies ? `; ${wordRemedies(remedies)}` : ""}`;
  }
  return `works, ${gflops!.toPrecision(3)} GFLOP/s`;
}

function gigabytes(bytes: number): string {
  return `${(bytes / 2 ** 30).toFixed(1)} GiB`;
}
