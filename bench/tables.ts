import { textTable } from "../src/files/text/columns.ts";
import { configurations } from "./configurations.ts";
import { loadingGroup } from "./measure-loading.ts";
import { tolerableLoad, type Part, type Report } from "./report.ts";
import type { Summary } from "./summary.ts";

const head = ["", "median", "from", "to", "RSS", "GFLOP", "GFLOP/s", "of peak"];

/** Seconds with as many digits as a timing has. */
export function time(seconds: number): string {
  if (seconds >= 0.9995) return `${seconds.toFixed(seconds < 10 ? 2 : 1)} s`;
  const milliseconds = seconds * 1000;
  return `${milliseconds < 0.05 ? "0" : milliseconds.toFixed(milliseconds < 9.95 ? 1 : 0)} ms`;
}

/** Bytes as resident memory is told. */
export function memory(bytes: number): string {
  return bytes < 1e9 ? `${(bytes / 1e6).toFixed(0)} MB` : `${(bytes / 1e9).toFixed(2)} GB`;
}

/** A title and a table without its empty columns. */
export function textGroup(
  title: string,
  names: readonly string[],
  rows: readonly (readonly string[])[],
): string {
  return `${title}\n${textTable(filled([names, ...rows])).replace(/ +$/gm, "")}`;
}

/** Rows, the first of them a head, without the columns in which nothing stands below it. */
function filled(rows: readonly (readonly string[])[]): string[][] {
  const [, ...body] = rows;
  const keep = rows[0]!.map((_, column) => body.some((cells) => cells[column] !== ""));
  return rows.map((cells) => cells.filter((_, column) => keep[column]));
}

/** The report as a person reads it on a screen. */
export function asText(report: Report): string {
  const tables = grouped(report.parts).map(([group, parts]) =>
    textGroup(group, head, parts.map(row)),
  );
  return [machineLines(report).join("\n"), ...tables, remarks(report).join("\n")].join("\n\n");
}

/** The same as Markdown, which bench/README.md holds. */
export function asMarkdown(report: Report): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(" | ")} |`;
  const tables = grouped(report.parts).map(([group, parts]) => {
    const [names, ...rows] = filled([[group, ...head.slice(1)], ...parts.map(row)]);
    const rule = names!.map((_, i) => (i === 0 ? "---" : "---:"));
    return [names!, rule, ...rows].map(line).join("\n");
  });
  const list = remarks(report).map((text) => `- ${text}`);
  return [machineLines(report).join("; "), ...tables, list.join("\n")].join("\n\n");
}

function machineLines({ machine, threads, foreignLoad }: Report): string[] {
  const { cpu, cores, memory: bytes, system, node, onnxruntime, tag2mask, date, load } = machine;
  return [
    `${cpu}, ${cores} cores, ${(bytes / 2 ** 30).toFixed(1)} GiB, ${system}`,
    `Node.js ${node}, ONNX Runtime ${onnxruntime} with ${threads} threads, tag2mask ${tag2mask}, ${date}`,
    `load before ${load.toFixed(1)}, cores used by others meanwhile ${foreignLoad.median.toFixed(2)} ` +
      `(at most ${foreignLoad.max.toFixed(2)})`,
  ];
}

function remarks(report: Report): string[] {
  const { parts, peaks, foreignLoad } = report;
  return [
    ...peaks.map(
      ({ threads, shape, rate }) =>
        `peak with ${threads} ${threads === 1 ? "thread" : "threads"}: ${(rate / 1e9).toFixed(0)} GFLOP/s, at ${shape}`,
    ),
    ...configurations.flatMap(({ name, batch, crop }) => supply(parts, name, batch, crop)),
    ...(foreignLoad.max > tolerableLoad
      ? ["Others kept cores busy: these times are too high."]
      : []),
  ];
}

/** How much more images the loader gives than a step takes. */
function supply(parts: readonly Part[], name: string, batch: number, crop: number): string[] {
  const step = parts.find((p) => p.group.startsWith(`${name},`) && p.name === "whole step");
  const loader = parts.find(
    (p) => p.group === loadingGroup(crop) && p.name.startsWith("the loader"),
  );
  if (!step || !loader) return [];
  const [supply, demand] = [1 / loader.seconds.median, batch / step.seconds.median];
  return [
    `${name} takes ${demand.toFixed(1)} images/s, the loader gives ${supply.toFixed(0)}: ${(supply / demand).toFixed(0)} times as many`,
  ];
}

function grouped(parts: readonly Part[]): [string, Part[]][] {
  const groups = new Map<string, Part[]>();
  for (const part of parts) groups.set(part.group, [...(groups.get(part.group) ?? []), part]);
  return [...groups];
}

function row({ name, seconds, rss, operations, rate, peakShare }: Part): string[] {
  return [
    name,
    time(seconds.median),
    ...fastestToSlowest(seconds),
    rss ? memory(rss.max) : "",
    operations ? giga(operations.total) : "",
    rate === null ? "" : giga(rate),
    peakShare === null ? "" : `${(peakShare * 100).toFixed(0)} %`,
  ];
}

function fastestToSlowest({ min, max, count }: Summary): string[] {
  return count > 1 ? [time(min), time(max)] : ["", ""];
}

function giga(value: number): string {
  return (value / 1e9).toFixed(value < 99.5e9 ? 1 : 0);
}
