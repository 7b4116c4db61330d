import { ticks } from "d3-array";
import { memo } from "react";
import { formatNumber } from "../parts/numbers.ts";

/** Fewer steps than this have a dot each. */
const mostDots = 30;

export interface Curve {
  readonly label: string;
  /** A custom property of the style sheet. */
  readonly color: string;
  /** null where there is no finite value. */
  readonly values: readonly (number | null)[];
}

/** A range of steps or of values, the larger one last. */
export type Span = readonly [from: number, to: number];

/** What a chart shows, and the room for it within its axes. */
export interface Frame {
  readonly steps: Span;
  readonly values: Span;
  /** In pixels. */
  readonly width: number;
  readonly height: number;
}

/** Pixels from the left edge of a frame. */
export function xOf({ steps: [from, to], width }: Frame, step: number): number {
  return ((step - from) / (to - from)) * width;
}

/** Pixels from the upper edge of a frame. */
export function yOf({ values: [low, high], height }: Frame, value: number): number {
  return height * (1 - (value - low) / (high - low));
}

/** Whether a range has a step. */
export const isIn = ([from, to]: Span, step: number): boolean => step >= from && step <= to;

/** Number of the steps in a range. */
export const stepsIn = (steps: readonly number[], span: Span): number =>
  steps.filter((step) => isIn(span, step)).length;

/** The grid with its numbers, and the curves. It is large, so it is drawn anew only where one of these has changed. */
export const ChartDrawing = memo(function ChartDrawing({
  frame,
  steps,
  curves,
  isZoomed,
  show,
}: {
  readonly frame: Frame;
  readonly steps: readonly number[];
  readonly curves: readonly Curve[];
  readonly isZoomed: boolean;
  /** A value in words. */
  readonly show: (value: number) => string;
}) {
  const { width, height } = frame;
  const lines = curves.map(({ values }) => pointsOf(frame, steps, values));
  const hasDots = stepsIn(steps, frame.steps) < mostDots;
  return (
    <>
      <g className="axis at-left">
        {ticks(...frame.values, height / 36).map((value) => (
          <g key={value} transform={`translate(0 ${yOf(frame, value)})`}>
            <line x2={width} />
            <text x={-6}>{show(value)}</text>
          </g>
        ))}
      </g>
      <g className="axis at-bottom">
        {ticks(...frame.steps, width / 72)
          .filter(Number.isInteger)
          .map((step) => (
            <g key={step} transform={`translate(${xOf(frame, step)} 0)`}>
              <line y2={height} />
              <text y={height + 16}>{formatNumber(step)}</text>
            </g>
          ))}
      </g>
      <svg className={isZoomed ? "is-cut" : undefined} width={width} height={height}>
        {curves.map(({ label, color }, i) => (
          <g key={label} style={{ color: `var(${color})` }}>
            <polyline points={lines[i]!.join(" ")} />
            {hasDots && lines[i]!.map(([x, y], at) => <circle key={at} cx={x} cy={y} r={2.5} />)}
          </g>
        ))}
      </svg>
    </>
  );
});

/** Where a curve has values, in tenths of a pixel. */
function pointsOf(
  frame: Frame,
  steps: readonly number[],
  values: readonly (number | null)[],
): [x: number, y: number][] {
  const round = (pixels: number): number => Math.round(10 * pixels) / 10;
  return steps.flatMap((step, i) => {
    const value = values[i];
    return typeof value === "number" ? [[round(xOf(frame, step)), round(yOf(frame, value))]] : [];
  });
}
