import { logAxis } from "./axis.ts";
import type { Point, Series } from "./chart.ts";

/** A chart as a separate file, such as one in a page of documentation. */
export interface ChartPicture {
  readonly title: string;
  /** Name of the horizontal axis. */
  readonly axis: string;
  readonly unit: string;
  /** Labeled positions on the horizontal axis. */
  readonly marks: readonly { readonly x: number; readonly label: string }[];
  readonly series: readonly Series[];
}

const [width, height] = [640, 360];
const frame = { left: 70, right: 20, top: 56, bottom: 56 };
// Readable on white and on black.
const ink = "#7d8590";

/** Curves over logarithmic axes, as SVG; equal powers of x are parallel lines. */
export function chartPicture({ title, axis, unit, marks, series }: ChartPicture): string {
  const right = width - frame.right;
  const bottom = height - frame.bottom;
  const xs = marks.map(({ x }) => x);
  const horizontal = logAxis([Math.min(...xs), Math.max(...xs)], 0.06);
  const vertical = logAxis(rangeOf(series.flatMap(({ points }) => points.map(([, y]) => y))), 0.08);
  const across = (x: number): number =>
    round(frame.left + horizontal.place(x) * (right - frame.left));
  const up = (y: number): number => round(bottom + vertical.place(y) * (frame.top - bottom));
  const parts = [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" font-family="system-ui, sans-serif" font-size="13">`,
    text(width / 2, 20, title, `text-anchor="middle" font-weight="600"`),
    ...vertical.ticks.flatMap((tick) => [
      `<line x1="${frame.left}" x2="${right}" y1="${up(tick)}" y2="${up(tick)}" stroke="${ink}" stroke-opacity="0.25"/>`,
      text(frame.left - 8, up(tick) + 4, `${tick} ${unit}`, `text-anchor="end"`),
    ]),
    ...marks.map(({ x, label }) => text(across(x), bottom + 20, label, `text-anchor="middle"`)),
    text((frame.left + right) / 2, height - 12, axis, `text-anchor="middle"`),
    ...series.flatMap(({ name, color, points, dashed = false }, k) => {
      const at = ([x, y]: Point): string => `${across(x)},${up(y)}`;
      const dot = ([x, y]: Point): string =>
        `<circle cx="${across(x)}" cy="${up(y)}" r="4" fill="${color}"/>`;
      const key = { x: frame.left + 14 + 130 * k, y: 42 };
      const dash = dashed ? ` stroke-dasharray="5 5"` : "";
      return [
        `<polyline points="${points.map(at).join(" ")}" fill="none" stroke="${color}" stroke-width="2"${dash}/>`,
        ...(dashed ? [] : points.map(dot)),
        `<line x1="${key.x}" x2="${key.x + 22}" y1="${key.y}" y2="${key.y}" stroke="${color}" stroke-width="2"${dash}/>`,
        text(key.x + 28, key.y + 4, name, ""),
      ];
    }),
    "</svg>",
  ];
  return `${parts.join("\n")}\n`;
}

function text(x: number, y: number, content: string, attributes: string): string {
  const escaped = content.replaceAll("&", "&amp;").replaceAll("<", "&lt;");
  return `<text x="${round(x)}" y="${round(y)}" fill="${ink}" ${attributes}>${escaped}</text>`;
}

/** Range of the values, at least a factor of four, so that a flat curve looks flat. */
function rangeOf(values: readonly number[]): [low: number, high: number] {
  const [low, high] = [Math.min(...values), Math.max(...values)];
  const wider = Math.max(1, Math.sqrt((4 * low) / high));
  return [low / wider, high * wider];
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}
