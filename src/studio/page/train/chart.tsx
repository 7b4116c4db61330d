import { bisectCenter, ticks } from "d3-array";
import { useEffect, useMemo, useRef, useState, type PointerEvent } from "react";
import "./chart.css";
import { formatNumber, formatPercent } from "../parts/numbers.ts";

/** Fewer steps than this have a dot each. */
const mostDots = 30;
/** Room for the numbers of the axes around the curves, in pixels. */
const room = { left: 48, right: 12, top: 8, bottom: 24 };
/** A press that moves by fewer pixels than this chooses no steps. */
const leastDrag = 5;

export interface Curve {
  readonly label: string;
  /** A custom property of the style sheet. */
  readonly color: string;
  /** null where there is no value. */
  readonly values: readonly (number | null)[];
}

/** A range of steps or of values. */
type Span = readonly [from: number, to: number];

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
  const [pointed, setPointed] = useState<number>();
  const [drag, setDrag] = useState<Span>();
  const [zoom, setZoom] = useState<Span>();
  const shown = curves.filter(({ label }) => !hidden.has(label));
  const span: Span = zoom ?? [0, Math.max(last, 1)];
  const values = useMemo(
    () => rangeOf(steps, shown, span, asShare),
    [steps, curves, hidden, zoom, last, asShare],
  );
  const height = Math.round(Math.min(220, Math.max(140, outer * 0.45)));
  const inner = { width: outer - room.left - room.right, height: height - room.top - room.bottom };
  const xOf = (step: number): number => ((step - span[0]) / (span[1] - span[0])) * inner.width;
  const yOf = (value: number): number =>
    inner.height * (1 - (value - values[0]) / (values[1] - values[0]));
  const lines = useMemo(
    () => shown.map(({ label, color, values }) => ({ label, color, points: pointsOf(steps, values, xOf, yOf) })), // prettier-ignore
    [steps, curves, hidden, zoom, values, last, outer],
  );
  const show = (value: number): string =>
    asShare ? formatPercent(value) : formatNumber(value, { maximumSignificantDigits: 3 });
  const stepAt = ({ currentTarget, clientX }: PointerEvent<SVGElement>): number => {
    const { left, width } = currentTarget.getBoundingClientRect();
    const share = Math.min(1, Math.max(0, (clientX - left) / width));
    return span[0] + share * (span[1] - span[0]);
  };
  const at = pointed === undefined ? steps.length - 1 : bisectCenter(steps, pointed);
  const atStep = steps[at];
  const chooseSteps = (): void => {
    setDrag(undefined);
    if (!drag || Math.abs(xOf(drag[1]) - xOf(drag[0])) < leastDrag) return;
    setZoom([Math.min(...drag), Math.max(...drag)]);
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
            <g className="axis at-left">
              {ticks(...values, inner.height / 36).map((value) => (
                <g key={value} transform={`translate(${room.left} ${room.top + yOf(value)})`}>
                  <line x2={inner.width} />
                  <text x={-6}>{show(value)}</text>
                </g>
              ))}
            </g>
            <g className="axis at-bottom">
              {wholeTicks(span, inner.width / 72).map((step) => (
                <g key={step} transform={`translate(${room.left + xOf(step)} ${room.top})`}>
                  <line y2={inner.height} />
                  <text y={inner.height + 16}>{formatNumber(step)}</text>
                </g>
              ))}
            </g>
            <svg className={zoom && "is-cut"} x={room.left} y={room.top} {...inner}>
              {lines.map(({ label, color, points }) => (
                <g key={label} style={{ color: `var(${color})` }}>
                  <polyline points={points.join(" ")} />
                  {steps.length < mostDots &&
                    points.map(([x, y]) => <circle key={x} cx={x} cy={y} r={2.5} />)}
                </g>
              ))}
              {drag && (
                <rect
                  className="chosen"
                  x={xOf(Math.min(...drag))}
                  width={Math.abs(xOf(drag[1]) - xOf(drag[0]))}
                  height={inner.height}
                />
              )}
              {pointed !== undefined && atStep !== undefined && (
                <g className="pointed" transform={`translate(${xOf(atStep)} 0)`}>
                  <line y2={inner.height} />
                  {shown.map(({ label, color, values: { [at]: value } }) => (
                    <circle
                      key={label}
                      style={{ color: `var(${color})` }}
                      cy={typeof value === "number" ? yOf(value) : -9}
                      r={3.5}
                    />
                  ))}
                </g>
              )}
              <rect
                className="area"
                {...inner}
                onPointerDown={(event) => {
                  if (event.button !== 0 || event.pointerType !== "mouse") return;
                  event.currentTarget.setPointerCapture(event.pointerId);
                  setDrag([stepAt(event), stepAt(event)]);
                }}
                onPointerMove={(event) => {
                  const step = stepAt(event);
                  setPointed(step);
                  if (drag) setDrag([drag[0], step]);
                }}
                onPointerUp={chooseSteps}
                onPointerCancel={() => setDrag(undefined)}
                onPointerLeave={() => setPointed(undefined)}
                onDoubleClick={() => setZoom(undefined)}
              />
            </svg>
          </svg>
        )}
      </div>
      <ul className="legend">
        <li>
          {stepLabel}{" "}
          <span className="value">{atStep === undefined ? "–" : formatNumber(atStep)}</span>
        </li>
        {curves.map(({ label, color, values: { [at]: value } }) => (
          <li key={label}>
            <button type="button" aria-pressed={!hidden.has(label)} onClick={() => toggle(label)}>
              <span className="swatch" style={{ background: `var(${color})` }} />
              {label}
            </button>{" "}
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

/** The values that an axis shows: those of some steps, and 0. */
function rangeOf(
  steps: readonly number[],
  curves: readonly Curve[],
  [from, to]: Span,
  asShare: boolean,
): Span {
  let [low, high] = [0, asShare ? 1 : 0.1 / 1.05];
  for (const { values } of curves) {
    values.forEach((value, i) => {
      if (value === null || steps[i]! < from || steps[i]! > to) return;
      low = Math.min(low, value);
      high = Math.max(high, value);
    });
  }
  return [low, asShare ? 1 : high * 1.05];
}

/** Where a curve has values, in pixels. */
function pointsOf(
  steps: readonly number[],
  values: readonly (number | null)[],
  xOf: (step: number) => number,
  yOf: (value: number) => number,
): [x: number, y: number][] {
  const round = (pixels: number): number => Math.round(10 * pixels) / 10;
  return steps.flatMap((step, i) => {
    const value = values[i];
    return typeof value === "number" ? [[round(xOf(step)), round(yOf(value))]] : [];
  });
}

/** About so many steps at equal distances. */
function wholeTicks(span: Span, count: number): readonly number[] {
  return ticks(...span, count).filter(Number.isInteger);
}

/** The newest values in words, for those who do not see the curves. */
function describe(title: string, steps: readonly number[], curves: readonly Curve[]): string {
  const newest = curves.map(({ label, values }) => {
    const value = values.findLast((one) => one !== null);
    return `${label} ${typeof value === "number" ? Number(value.toPrecision(3)) : "–"}`;
  });
  return `${title}, ${steps.at(-1) ?? 0}: ${newest.join(", ")}`;
}
