import { summarize } from "../summary.ts";
import { curves, tables, type Curve, type Table } from "./curves.ts";
import type { Measured } from "./measure.ts";
import { chartPicture } from "../../src/files/report/chart-picture.ts";
import type { Point, Series } from "../../src/files/report/chart.ts";

/** A curve, or a row of a table, as it was measured in one run. */
export interface MeasuredCurve {
  readonly name: string;
  /** In words: processor, cores, versions. */
  readonly machine: string;
  /** ISO 8601. */
  readonly date: string;
  readonly points: readonly Measured[];
}

/** The document and the plots beside it, by name. */
export function renderGrowth(measured: readonly MeasuredCurve[]): {
  readonly markdown: string;
  readonly plots: Readonly<Record<string, string>>;
} {
  const plots: Record<string, string> = {};
  const sections: string[] = [];
  for (const curve of curves) {
    const found = measured.find(({ name }) => name === curve.name);
    if (found) {
      plots[`${curve.name}.svg`] = plotOf(curve, found);
      plots[`${curve.name}-memory.svg`] = memoryPlotOf(curve, found);
      sections.push(section(curve, found));
    }
    for (const table of tables.filter(({ after }) => after === curve.name)) {
      sections.push(...tableSection(table, measured));
    }
  }
  return { markdown: `${introduction}\n${sections.join("\n")}`, plots };
}

const introduction = `# How the cost grows

    npx tsx bench/growth.ts

repeats every measurement on this page and rewrites it; \`--only crop classes\` repeats some, \`--render\` only rewrites the page
from the figures in \`docs/performance/figures.json\`. Each point is measured in its own process. A step is a training step on
crops of noise, with default settings, in the most expensive phase (labels from the propagated CAM): the median of three steps
after two that are not counted. A data set is opened three times, each time in its own process: the median time and the largest
memory. Memory is the peak resident size of the process. For the parts of a step and their share of the machine's peak speed see
[bench/README.md](../bench/README.md); for the kernels of a step on WebGPU [webgpu.md](performance/webgpu.md).

**Growth** is the exponent of a power law fitted to the points: the slope of a straight line through their logarithms.
`;

const seconds = ({ seconds: values }: Measured): number => summarize(values).median;

function section(curve: Curve, found: MeasuredCurve): string {
  const { points } = found;
  const counted = points.every(({ gflop }) => gflop !== null);
  const header = ["", "seconds", "from – to", "memory", ...(counted ? ["GFLOP", "GFLOP/s"] : [])];
  const rows = points.map((point, i) => {
    const { gflop } = point;
    const operations =
      gflop === null ? [] : [gflop.toPrecision(3), (gflop / seconds(point)).toFixed(0)];
    return [nameOf(curve, i), ...costs(point), ...operations];
  });
  const x = curve.points.map((point) => point.x);
  const time = slope(x, points.map(seconds));
  const operations = counted
    ? slope(
        x,
        points.map((point) => point.gflop!),
      )
    : null;
  return [
    `## ${curve.title}`,
    "",
    `![Time: ${curve.title}](performance/${curve.name}.svg)`,
    `![Memory: ${curve.title}](performance/${curve.name}-memory.svg)`,
    "",
    ...tableOf(header, rows),
    "",
    `Growth of the time **${time.toFixed(2)}**` +
      (operations === null ? "" : `, of the operations ${operations.toFixed(2)}`) +
      `, of the memory ${slope(
        x,
        points.map(({ rss }) => rss),
      ).toFixed(2)}. ${curve.expected}`,
    "",
    circumstances([found]),
    "",
  ].join("\n");
}

/** The section of a table; empty if no row was measured. */
function tableSection({ title, rows }: Table, measured: readonly MeasuredCurve[]): string[] {
  const found = rows.flatMap(({ name, label }) => {
    const part = measured.find((one) => one.name === name);
    return part ? [{ label, part }] : [];
  });
  if (found.length === 0) return [];
  const cells = found.map(({ label, part }) => [label, ...costs(part.points[0]!)]);
  const table = tableOf(["", "seconds", "from – to", "memory"], cells);
  return [
    [`## ${title}`, "", ...table, "", circumstances(found.map(({ part }) => part)), ""].join("\n"),
  ];
}

function costs(point: Measured): string[] {
  const { rss } = point;
  return [
    seconds(point).toPrecision(3),
    `${Math.min(...point.seconds).toPrecision(3)} – ${Math.max(...point.seconds).toPrecision(3)}`,
    rss >= 1e9 ? `${(rss / 1e9).toFixed(2)} GB` : `${(rss / 1e6).toFixed(0)} MB`,
  ];
}

function tableOf(header: readonly string[], rows: readonly (readonly string[])[]): string[] {
  const line = (cells: readonly string[]): string => `| ${cells.join(" | ")} |`;
  return [line(header), line(header.map((_, i) => (i === 0 ? "---" : "---:"))), ...rows.map(line)];
}

/** Machines and dates of the measurements, and the load by others. */
function circumstances(parts: readonly MeasuredCurve[]): string {
  const loads = parts.flatMap(({ points }) => points.map(({ foreignLoad }) => foreignLoad));
  const where = new Set(parts.map(({ machine, date }) => `${machine}; ${date.slice(0, 10)}`));
  return `${[...where].join("; ")}; cores used by others at most ${Math.max(...loads).toFixed(2)}.`;
}

function nameOf({ points, axis }: Curve, i: number): string {
  const { label, x } = points[i]!;
  return label ?? `${x.toLocaleString("en-US")} ${i === 0 ? axis : ""}`.trim();
}

function plotOf(curve: Curve, { points }: MeasuredCurve): string {
  const x = curve.points.map((point) => point.x);
  const times = points.map(seconds);
  const over = (values: readonly number[]): Point[] => values.map((value, i) => [x[i]!, value]);
  const series: Series[] = [{ name: "measured", color: "#2f81f7", points: over(times) }];
  if (points.every(({ gflop }) => gflop !== null)) {
    // The time at the speed of the fastest point; the rest is overhead.
    const best = Math.max(...points.map((point, i) => point.gflop! / times[i]!));
    const values = points.map((point) => point.gflop! / best);
    series.push({
      name: "its operations at the best point's speed",
      color: "#db6d28",
      points: over(values),
      dashed: true,
    });
  } else if (curve.exponent !== undefined) {
    const { exponent } = curve;
    const last = x.length - 1;
    const values = x.map((value) => times[last]! * (value / x[last]!) ** exponent);
    series.push({ name: "proportional", color: "#db6d28", points: over(values), dashed: true });
  }
  const { title, axis } = curve;
  return chartPicture({ title, axis, unit: "s", marks: marksOf(curve), series });
}

function memoryPlotOf(curve: Curve, { points }: MeasuredCurve): string {
  const { title, axis } = curve;
  const memory = points.map(({ rss }, i): Point => [curve.points[i]!.x, rss / 1e9]);
  const series = [{ name: "memory of the process", color: "#8957e5", points: memory }];
  return chartPicture({ title, axis, unit: "GB", marks: marksOf(curve), series });
}

function marksOf({ points }: Curve): { x: number; label: string }[] {
  return points.map(({ label, x }) => ({ x, label: label ?? x.toLocaleString("en-US") }));
}

/** Slope of the least-squares line through the logarithms. */
export function slope(x: readonly number[], y: readonly number[]): number {
  const [u, v] = [x.map(Math.log), y.map(Math.log)];
  const mean = (values: readonly number[]): number =>
    values.reduce((sum, value) => sum + value, 0) / values.length;
  const [mu, mv] = [mean(u), mean(v)];
  const shared = u.reduce((sum, value, i) => sum + (value - mu) * (v[i]! - mv), 0);
  return shared / u.reduce((sum, value) => sum + (value - mu) ** 2, 0);
}
