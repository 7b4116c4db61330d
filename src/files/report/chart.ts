import { linearAxis } from "./axis.ts";
import { html, type Html } from "./html.ts";

export type Point = readonly [x: number, y: number];

/** One curve. */
export interface Series {
  readonly name: string;
  /** A CSS color. */
  readonly color: string;
  readonly points: readonly Point[];
  /** The same curve unsmoothed, drawn faintly behind. */
  readonly raw?: readonly Point[];
  readonly dashed?: boolean;
}

export interface LineChart {
  /** Description of the chart for screen readers. */
  readonly label: string;
  readonly series: readonly Series[];
  readonly xRange: readonly [number, number];
  readonly yRange: readonly [number, number];
  /** Named sections of the x axis. */
  readonly bands?: readonly { from: number; to: number; name: string }[];
  readonly dots?: boolean;
  readonly format: (y: number) => string;
}

const width = 1000;
const height = 400;

/**
 * Curves over steps. The SVG is stretched to the available width while lines keep their thickness. Labels are HTML
 * beside it, so that text has the same size on a phone and on paper.
 */
export function lineChart(chart: LineChart): Html {
  const { label, series, xRange, yRange, bands = [], dots = false, format } = chart;
  const { place: across, ticks: xTicks } = linearAxis(xRange, 5);
  const { place, ticks: yTicks } = linearAxis(yRange, 4);
  const up = (y: number): number => Math.min(1, Math.max(0, place(y)));
  const at = ([x, y]: Point): string =>
    `${(across(x) * width).toFixed(1)} ${((1 - up(y)) * height).toFixed(1)}`;
  const line = (points: readonly Point[]): string =>
    points.map((point, i) => `${i === 0 ? "M" : "L"}${at(point)}`).join("");
  const stroke = ({ color, dashed = false }: Series): string =>
    `stroke:${color}${dashed ? ";stroke-dasharray:5 5" : ""}`;
  const percent = (part: number): string => `${(part * 100).toFixed(2)}%`;
  return html`<figure class="chart">
    <div class="legend">
      ${series.map(
        ({ name, color, points }) =>
          html`<span class="key"
            ><i style="background:${color}"></i>${name}
            <b>${points.length > 0 ? format(points.at(-1)![1]) : "–"}</b></span
          >`,
      )}
    </div>
    <div class="plot">
      <svg
        viewBox="0 0 ${width} ${height}"
        preserveAspectRatio="none"
        role="img"
        aria-label="${label}"
      >
        ${bands.map(({ from, to }, i) => {
          const left = across(from) * width;
          const bandWidth = (across(to) - across(from)) * width;
          return html`<rect
            class="band${i % 2 === 1 ? " odd" : ""}"
            x="${left.toFixed(1)}"
            y="0"
            width="${bandWidth.toFixed(1)}"
            height="${height}"
          />`;
        })}
        ${yTicks.map((y) => html`<path class="grid" d="M0 ${(1 - up(y)) * height}H${width}" />`)}
        ${series.map(({ raw = [], color }) =>
          raw.length > 1 ? html`<path class="raw" style="stroke:${color}" d="${line(raw)}" />` : "",
        )}
        ${series.map((curve) =>
          curve.points.length > 1
            ? html`<path class="curve" style="${stroke(curve)}" d="${line(curve.points)}" />`
            : "",
        )}
        ${series.flatMap(({ name, points, color }) =>
          dots || points.length === 1
            ? points.map(
                (point) =>
                  html`<path class="dot" style="stroke:${color}" d="M${at(point)}h0">
                    <title>${name}, step ${point[0]}: ${format(point[1])}</title>
                  </path>`,
              )
            : [],
        )}
      </svg>
      ${yTicks.map((y) => html`<span class="y" style="bottom:${percent(up(y))}">${format(y)}</span>`)}
      ${xTicks.map(
        (x) =>
          html`<span class="x" style="left:${percent(across(x))}">${x.toLocaleString("en")}</span>`,
      )}
      ${bands.map(({ from, to, name }) => {
        const share = across(to) - across(from);
        // Names do not fit into narrow bands.
        return share < 0.12
          ? ""
          : html`<span class="phase" style="left:${percent(across(from))};width:${percent(share)}"
              >${name}</span
            >`;
      })}
    </div>
  </figure>`;
}

/** One stacked bar; all bars are drawn to the scale of the longest one. */
export interface StackedRow {
  readonly name: string;
  /** Total of the row, as text. */
  readonly total: string;
  readonly parts: readonly {
    readonly name: string;
    readonly hue: string;
    readonly value: number;
  }[];
}

/** Rows of stacked bars on the same scale. */
export function stackedBars(
  label: string,
  rows: readonly StackedRow[],
  format: (value: number) => string,
): Html {
  const sum = ({ parts }: StackedRow): number => parts.reduce((a, { value }) => a + value, 0);
  const longest = Math.max(...rows.map(sum), 1e-9);
  return html`<div class="stack" role="img" aria-label="${label}">
    ${rows.map(
      (row) =>
        html`<div class="row">
          <span class="name">${row.name}</span>
          <span class="bar"
            >${row.parts.map(
              ({ name, hue, value }) =>
                html`<i
                  style="width:${((100 * value) / longest).toFixed(2)}%;background:var(--${hue})"
                  title="${name}: ${format(value)}"
                ></i>`,
            )}</span
          >
          <span class="total">${row.total}</span>
        </div>`,
    )}
  </div>`;
}

/** At most `count` points, each the mean of several consecutive ones. */
export function thin(points: readonly Point[], count: number): Point[] {
  const size = Math.ceil(points.length / count);
  if (size <= 1) return [...points];
  return Array.from({ length: Math.ceil(points.length / size) }, (_, i) => {
    const bucket = points.slice(i * size, (i + 1) * size);
    const mean = (axis: 0 | 1): number => bucket.reduce((a, p) => a + p[axis], 0) / bucket.length;
    return [mean(0), mean(1)];
  });
}

/** Exponential moving average over about `span` points, without bias toward the first value. */
export function smooth(points: readonly Point[], span: number): Point[] {
  const decay = 1 - 2 / (Math.max(1, span) + 1);
  let mean = 0;
  let weight = 0;
  return points.map(([x, y]) => {
    mean = decay * mean + (1 - decay) * y;
    weight = decay * weight + (1 - decay);
    return [x, mean / weight];
  });
}
