import { useEffect, useRef } from "react";
import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";
import "./chart.css";
import { formatNumber, formatPercent } from "../parts/numbers.ts";

/** Fewer steps than this have a dot each. */
const mostDots = 30;

export interface Curve {
  readonly label: string;
  /** A custom property of the style sheet. */
  readonly color: string;
  /** null where there is no value. */
  readonly values: readonly (number | null)[];
}

/** Curves over the steps of a training. */
export function Chart({
  title,
  stepLabel,
  steps,
  curves,
  last,
  asShare = false,
}: {
  readonly title: string;
  /** Word for a step, in the legend. */
  readonly stepLabel: string;
  readonly steps: readonly number[];
  readonly curves: readonly Curve[];
  /** End of the axis of steps. */
  readonly last: number;
  /** Whether the values are shares 0..1, shown as percentages. */
  readonly asShare?: boolean;
}) {
  const holder = useRef<HTMLDivElement>(null);
  const chart = useRef<uPlot | undefined>(undefined);
  const labels = curves.map(({ label }) => label).join("\n");
  useEffect(() => {
    const element = holder.current!;
    const draw = (): void => {
      const data = chart.current?.data;
      chart.current?.destroy();
      const options = optionsOf(element, curves, { last, asShare, stepLabel });
      chart.current = new uPlot(options, data ?? dataOf(steps, curves), element);
    };
    draw();
    const resized = new ResizeObserver(() =>
      chart.current?.setSize({ width: element.clientWidth, height: heightOf(element) }),
    );
    resized.observe(element);
    // Colors are read once, when a chart is made.
    const themed = new MutationObserver(draw);
    themed.observe(document.documentElement, { attributeFilter: ["data-theme"] });
    const scheme = matchMedia("(prefers-color-scheme: dark)");
    scheme.addEventListener("change", draw);
    return () => {
      resized.disconnect();
      themed.disconnect();
      scheme.removeEventListener("change", draw);
      chart.current?.destroy();
      chart.current = undefined;
    };
    // Values change often and are set below; anything else makes a new chart.
  }, [labels, last, asShare]);
  useEffect(() => {
    chart.current?.setData(dataOf(steps, curves));
    if (chart.current) showNewest(chart.current);
  }, [steps, curves]);
  return (
    <figure className="chart">
      <figcaption>{title}</figcaption>
      <div ref={holder} role="img" aria-label={describe(title, steps, curves)} />
    </figure>
  );
}

function dataOf(steps: readonly number[], curves: readonly Curve[]): uPlot.AlignedData {
  return [[...steps], ...curves.map(({ values }) => [...values])];
}

function optionsOf(
  element: HTMLElement,
  curves: readonly Curve[],
  {
    last,
    asShare,
    stepLabel,
  }: { readonly last: number; readonly asShare: boolean; readonly stepLabel: string },
): uPlot.Options {
  const style = getComputedStyle(element);
  const color = (name: string): string => resolved(style.getPropertyValue(name), element);
  const axis = {
    stroke: color("--ink-2"),
    grid: { stroke: color("--line"), width: 1 },
    ticks: { stroke: color("--line"), width: 1 },
    font: `11px ${style.fontFamily}`,
  };
  const show = (value: number): string =>
    asShare ? formatPercent(value) : formatNumber(value, { maximumSignificantDigits: 3 });
  return {
    width: element.clientWidth,
    height: heightOf(element),
    scales: {
      x: { time: false, range: [0, Math.max(last, 1)] },
      y: { range: (_, low, high) => [Math.min(0, low), asShare ? 1 : Math.max(high * 1.05, 0.1)] },
    },
    axes: [
      { ...axis, size: 28 },
      { ...axis, size: 48, values: (_, ticks) => ticks.map(show) },
    ],
    series: [
      { label: stepLabel },
      ...curves.map((curve) => ({
        label: curve.label,
        stroke: color(curve.color),
        width: 1.5,
        spanGaps: true,
        points: { show: (chart: uPlot) => chart.data[0].length < mostDots },
        value: (_: uPlot, value: number | null) => (value === null ? "–" : show(value)),
      })),
    ],
    legend: { live: true },
    cursor: { y: false },
    hooks: { setLegend: [showNewest] },
  };
}

/** Shows the newest values in the legend, unless the mouse chooses a step. */
function showNewest(chart: uPlot): void {
  const newest = chart.data[0].length - 1;
  const isPointedAt = (chart.cursor.left ?? -1) >= 0;
  if (!isPointedAt && newest >= 0 && chart.legend.idx !== newest) {
    chart.setLegend({ idx: newest }, false);
  }
}

/** A color that a canvas understands: `light-dark()` has to be computed first. */
function resolved(value: string, element: HTMLElement): string {
  const probe = document.createElement("i");
  probe.style.color = value;
  element.append(probe);
  const { color } = getComputedStyle(probe);
  probe.remove();
  return color;
}

function heightOf(element: HTMLElement): number {
  return Math.round(Math.min(220, Math.max(140, element.clientWidth * 0.45)));
}

/** The newest values in words, for those who do not see the curves. */
function describe(title: string, steps: readonly number[], curves: readonly Curve[]): string {
  const newest = curves.map(({ label, values }) => {
    const value = values.findLast((one) => one !== null);
    return `${label} ${typeof value === "number" ? Number(value.toPrecision(3)) : "–"}`;
  });
  return `${title}, ${steps.at(-1) ?? 0}: ${newest.join(", ")}`;
}
