/** A line of a plot: values over the same abscissas. */
export interface Series {
  readonly name: string;
  readonly color: string;
  readonly values: readonly number[];
  readonly dashed?: boolean;
}

export interface Plot {
  readonly title: string;
  readonly axis: string;
  readonly unit: string;
  readonly x: readonly number[];
  /** What stands below a point instead of its abscissa. */
  readonly labels: readonly string[];
  readonly series: readonly Series[];
}

const [width, height] = [640, 360];
const frame = { left: 70, right: 20, top: 56, bottom: 56 };
// Readable on white and on black.
const ink = "#7d8590";

/** A plot with logarithmic axes, as SVG; lines of equal growth are straight and equally steep. */
export function drawPlot({ title, axis, unit, x, labels, series }: Plot): string {
  const across = scale(x, frame.left, width - frame.right, 0.06);
  const range = rangeOf(series.flatMap((line) => line.values));
  const up = scale(range, height - frame.bottom, frame.top, 0.08);
  const ticks = niceTicks(...range);
  const parts = [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" font-family="system-ui, sans-serif" font-size="13">`,
    text(width / 2, 20, title, `text-anchor="middle" font-weight="600"`),
    ...ticks.flatMap((tick) => [
      `<line x1="${frame.left}" x2="${width - frame.right}" y1="${up(tick)}" y2="${up(tick)}" stroke="${ink}" stroke-opacity="0.25"/>`,
      text(frame.left - 8, up(tick) + 4, `${tick} ${unit}`, `text-anchor="end"`),
    ]),
    ...x.map((value, i) =>
      text(across(value), height - frame.bottom + 20, labels[i]!, `text-anchor="middle"`),
    ),
    text((frame.left + width - frame.right) / 2, height - 12, axis, `text-anchor="middle"`),
    ...series.flatMap(({ name, color, values: own, dashed }, k) => {
      const points = own.map((value, i) => `${across(x[i]!)},${up(value)}`);
      const dots = dashed
        ? []
        : points.map((point) => {
            const [cx, cy] = point.split(",");
            return `<circle cx="${cx}" cy="${cy}" r="4" fill="${color}"/>`;
          });
      const key = { x: frame.left + 14 + 130 * k, y: 42 };
      const dash = dashed ? ` stroke-dasharray="5 5"` : "";
      return [
        `<polyline points="${points.join(" ")}" fill="none" stroke="${color}" stroke-width="2"${dash}/>`,
        ...dots,
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

/** From the least to the greatest value, and a factor of four at least, so that what is flat looks flat. */
function rangeOf(values: readonly number[]): [low: number, high: number] {
  const [low, high] = [Math.min(...values), Math.max(...values)];
  const wider = Math.max(1, Math.sqrt((4 * low) / high));
  return [low / wider, high * wider];
}

/** Places of values on a logarithmic axis, with a share of it left free at both ends. */
function scale(
  values: readonly number[],
  from: number,
  to: number,
  free: number,
): (value: number) => number {
  const [low, high] = [Math.log(Math.min(...values)), Math.log(Math.max(...values))];
  const span = high - low || 1;
  return (value) => {
    const place = free + ((1 - 2 * free) * (Math.log(value) - low)) / span;
    return round(from + place * (to - from));
  };
}

/** 1, 2 and 5 times powers of ten between two values that are a factor of four apart or more. */
function niceTicks(low: number, high: number): number[] {
  const ticks: number[] = [];
  for (let power = Math.floor(Math.log10(low)); power <= Math.ceil(Math.log10(high)); power++) {
    for (const step of [1, 2, 5]) {
      const tick = Number((step * 10 ** power).toPrecision(1));
      if (tick >= 0.9 * low && tick <= 1.1 * high) ticks.push(tick);
    }
  }
  return ticks;
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}
