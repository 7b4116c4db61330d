import type { Configuration } from "./configurations.ts";
import type { Machine } from "./machine.ts";
import type { Measurement } from "./measure.ts";
import { summarize, type Summary } from "./summary.ts";

type Part = keyof Measurement["seconds"];

/** A configuration's figures over all its processes. */
export interface Result extends Configuration {
  /** Number of learned values. */
  readonly parameters: number;
  readonly threads: number;
  readonly seconds: Readonly<Record<Part, Summary>>;
  /** Bytes. */
  readonly peakRss: Summary;
  /** Cores that other processes kept busy meanwhile. */
  readonly foreignLoad: Summary;
}

/** What `--json` writes. */
export interface Report {
  readonly machine: Machine;
  readonly results: readonly Result[];
}

const labels: Readonly<Record<Part, string>> = {
  forwardBackward: "forward + backward",
  cam: "CAM",
  labels: "labels",
  optimizer: "optimizer",
  step: "whole step",
  sessionCreation: "session creation",
  firstStep: "first step",
};
/** Cores that others may use before times become worthless. */
const tolerable = 0.1;
const parts = Object.keys(labels) as readonly Part[];

/** @param measurements of one configuration, at least one */
export function combine(
  configuration: Configuration,
  threads: number,
  measurements: readonly Measurement[],
): Result {
  const seconds = parts.map((part): [Part, Summary] => [
    part,
    summarize(measurements.flatMap((m) => m.seconds[part])),
  ]);
  return {
    ...configuration,
    parameters: measurements[0]!.parameters,
    threads,
    seconds: Object.fromEntries(seconds) as Record<Part, Summary>,
    peakRss: summarize(measurements.map((m) => m.peakRss)),
    foreignLoad: summarize(measurements.map((m) => m.foreignLoad)),
  };
}

/** The report as a person reads it. */
export function format({ machine, results }: Report): string {
  const { cpu, cores, memory, system, node, onnxruntime, date, load } = machine;
  const head = [
    `${cpu}, ${cores} cores, ${(memory / 2 ** 30).toFixed(1)} GiB, ${system}`,
    `Node.js ${node}, ONNX Runtime ${onnxruntime}, ${date}, load before ${load.toFixed(1)}`,
  ];
  return [head.join("\n"), ...results.map(table)].join("\n\n");
}

function table(result: Result): string {
  const { backbone, crop, batch, parameters, threads, seconds, peakRss, foreignLoad } = result;
  const title = `${backbone}, crop ${crop}, batch ${batch}: ${(parameters / 1e6).toFixed(1)} M parameters, threads ${threads}`;
  const time = (value: number): string => `${value.toFixed(3)} s`;
  const size = (value: number): string => `${(value / 1e9).toFixed(2)} GB`;
  const cores = (value: number): string => value.toFixed(2);
  return [
    title,
    row("", "median", "min", "max", "n"),
    ...parts.map((part) => summaryRow(labels[part], seconds[part], time)),
    summaryRow("peak memory (RSS)", peakRss, size),
    summaryRow("cores used by others", foreignLoad, cores),
    ...(foreignLoad.max > tolerable ? ["  Others kept cores busy: these times are too high."] : []),
  ].join("\n");
}

function summaryRow(name: string, summary: Summary, unit: (value: number) => string): string {
  const { median, min, max, count } = summary;
  return row(name, unit(median), unit(min), unit(max), String(count));
}

function row(name: string, median: string, min: string, max: string, count: string): string {
  const numbers = [median, min, max].map((text) => text.padStart(10)).join("");
  return `  ${name.padEnd(22)}${numbers}${count.padStart(5)}`.trimEnd();
}
