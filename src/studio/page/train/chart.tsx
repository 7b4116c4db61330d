import { bisectCenter } from "d3-array";
import { useEffect, useMemo, useRef, useState, type PointerEvent } from "react";
import "./chart.css";
import { formatNumber, formatPercent } from "../parts/numbers.ts";
import {
  ChartDrawing,
  isIn,
  stepsIn,
  xOf,
  yOf,
  type Curve,
  type Frame,
  type Span,
} from "./chart-drawing.tsx";

/** Room for the numbers of the axes around the curves, in pixels. */
const room = { left: 48, right: 12, top: 8, bottom: 24 };
/** A press that moves by fewer pixels than this chooses no steps. */
const leastDrag = 5;

/**
 * Curves over the steps of a training. The legend has the values of the step below the pointer, or else the newest ones, and its
 * buttons hide curves. Dragging over steps shows these alone, a double click shows all again.
 */
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
  /** In ascending order. */
  readonly steps: readonly number[];
  readonly curves: readonly Curve[];
  /** End of the axis of steps. */
  readonly last: number;
  /** Whether the values are shares 0..1, shown as percentages. */
  readonly asShare?: boolean;
}) {
  const holder = useRef<HTMLDivElement>(null);
  const outer = useWidth(holder);
  const [hidden, setHidden] = useState<ReadonlySet<string>>(new Set());
  /** Index of the step below the pointer. */
  const [pointed, setPointed] = useState<number>();
  const [drag, setDrag] = useState<Span>();
  const [zoom, setZoom] = useState<Span>();
  const shown = useMemo(() => curves.filter(({ label }) => !hidden.has(label)), [curves, hidden]);
  const height = Math.round(Math.min(220, Math.max(140, outer * 0.45)));
  const frame = useMemo((): Frame => {
    const span = zoom ?? ([0, Math.max(last, steps.at(-1) ?? 0, 1)] as const);
    return {
      steps: span,
      values: rangeOf(steps, shown, span, asShare),
      width: Math.max(1, outer - room.left - room.right),
      height: height - room.top - room.bottom,
    };
  }, [steps, shown, zoom, last, asShare, outer]);
  const show = asShare ? formatPercent : formatLoss;
  const stepAt = ({ currentTarget, clientX }: PointerEvent<SVGElement>): number => {
    const { left, width } = currentTarget.getBoundingClientRect();
    const [from, to] = frame.steps;
    return from + Math.min(1, Math.max(0, (clientX - left) / width)) * (to - from);
  };
  const at = pointed ?? steps.length - 1;
  const atStep = steps[at];
  const choose = (from: number, to: number): void => {
    if (Math.abs(xOf(frame, to) - xOf(frame, from)) < leastDrag) return;
    const span = [Math.floor(Math.min(from, to)), Math.ceil(Math.max(from, to))] as const;
    // A single point shows no curve.
    if (stepsIn(steps, span) >= 2) setZoom(span);
  };
  const toggle = (label: string): void => {
    const next = new Set(hidden);
    if (!next.delete(label)) next.add(label);
    setHidden(next);
  };
  return (
    <figure className="chart">
      <figcaption>{title}</figcaption>
      <div ref={holder} role="img" aria-label={describe(title, steps, curves)}>
        {outer > 0 && (
          <svg width={outer} height={height}>
            <g transform={`translate(${room.left} ${room.top})`}>
              <ChartDrawing
                frame={frame}
                steps={steps}
                curves={shown}
                isZoomed={zoom !== undefined}
                show={show}
              />
              {drag && (
                <rect
                  className="chosen"
                  x={xOf(frame, Math.min(...drag))}
                  width={Math.abs(xOf(frame, drag[1]) - xOf(frame, drag[0]))}
                  height={frame.height}
                />
              )}
              {pointed !== undefined && atStep !== undefined && isIn(frame.steps, atStep) && (
                <g className="pointed" transform={`translate(${xOf(frame, atStep)} 0)`}>
                  <line y2={frame.height} />
                  {shown.map(({ label, color, values: { [at]: value } }) =>
                    typeof value === "number" ? (
                      <circle
                        key={label}
                        style={{ color: `var(${color})` }}
                        cy={yOf(frame, value)}
                        r={3.5}
                      />
                    ) : null,
                  )}
                </g>
              )}
              <rect
                className="area"
                width={frame.width}
                height={frame.height}
                onPointerDown={(event) => {
                  if (event.button !== 0 || event.pointerType !== "mouse") return;
                  event.currentTarget.setPointerCapture(event.pointerId);
                  setDrag([stepAt(event), stepAt(event)]);
                }}
                onPointerMove={(event) => {
                  const step = stepAt(event);
                  setPointed(steps.length > 0 ? bisectCenter(steps, step) : undefined);
                  if (drag) setDrag([drag[0], step]);
                }}
                onPointerUp={(event) => {
                  if (drag) choose(drag[0], stepAt(event));
                  setDrag(undefined);
                }}
                onLostPointerCapture={() => setDrag(undefined)}
                onPointerLeave={() => setPointed(undefined)}
                onDoubleClick={() => setZoom(undefined)}
              />
            </g>
          </svg>
        )}
      </div>
      <ul className="chart-legend">
        <li>
          {stepLabel}
          <span className="value">{atStep === undefined ? "–" : formatNumber(atStep)}</span>
        </li>
        {curves.map(({ label, color, values: { [at]: value } }) => (
          <li key={label}>
            <button type="button" aria-pressed={!hidden.has(label)} onClick={() => toggle(label)}>
              <span className="swatch" style={{ background: `var(${color})` }} />
              {label}
            </button>
            <span className="value">{typeof value === "number" ? show(value) : "–"}</span>
          </li>
        ))}
      </ul>
    </figure>
  );
}

/** The width of an element in pixels, also after it changes; 0 before it is laid out. */
function useWidth(element: { readonly current: HTMLElement | null }): number {
  const [width, setWidth] = useState(0);
  useEffect(() => {
    const { current } = element;
    const observer = new ResizeObserver(() => setWidth(current!.clientWidth));
    observer.observe(current!);
    return () => observer.disconnect();
  }, []);
  return width;
}

const formatLoss = (value: number): string => formatNumber(value, { maximumSignificantDigits: 3 });

/** The values that an axis shows: those of some steps, and 0. */
function rangeOf(
  steps: readonly number[],
  curves: readonly Curve[],
  span: Span,
  asShare: boolean,
): Span {
  let [low, high] = [0, 0];
  for (const { values } of curves) {
    for (const [i, step] of steps.entries()) {
      const value = values[i];
      if (typeof value !== "number" || !isIn(span, step)) continue;
      low = Math.min(low, value);
      high = Math.max(high, value);
    }
  }
  return [low, asShare ? 1 : Math.max(1.05 * high, 0.1)];
}

/** The newest values in words, for those who do not see the curves. */
function describe(title: string, steps: readonly number[], curves: readonly Curve[]): string {
  const newest = curves.map(({ label, values }) => {
    const value = values.findLast((one) => one !== null);
    return `${label} ${typeof value === "number" ? Number(value.toPrecision(3)) : "–"}`;
  });
  return `${title}, ${steps.at(-1) ?? 0}: ${newest.join(", ")}`;
}
