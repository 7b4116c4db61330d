import type { StepEvent } from "../../method/train/events.ts";
import { lineChart, smooth, stackedBars, thin, type Point, type Series } from "./chart.ts";
import type { ReportData } from "./training-data.ts";
import { decimal, duration, isNumber, stepsOf } from "./format.ts";
import { html, type Html } from "./html.ts";

const losses = [
  { key: "total", name: "Total", hue: "total" },
  { key: "cls", name: "Classification", hue: "cam" },
  { key: "seg", name: "Segmentation", hue: "seg" },
  { key: "affinity", name: "Affinity", hue: "affinity" },
  { key: "energy", name: "Dense energy", hue: "labels" },
] as const;

/** Losses, and the time that the parts of a step take. */
export function training({ steps }: ReportData): Html | undefined {
  if (steps.length === 0) return undefined;
  const series = losses.map(({ key, name, hue }): Series => {
    const all = steps.flatMap((entry): Point[] => {
      const value = entry.losses[key];
      return isNumber(value) ? [[entry.step, value]] : [];
    });
    return {
      name,
      color: `var(--${hue})`,
      raw: thin(all, 500),
      points: thin(smooth(all, all.length / 30), 300),
    };
  });
  const highest = Math.max(...series.flatMap(({ points }) => points.map(([, y]) => y)), 1e-6);
  const chart = lineChart({
    label: `Losses over ${steps.length} steps, smoothed; the numbers are in results.csv`,
    series: series.filter(({ points }) => points.length > 0),
    xRange: [0, stepsOf(steps)],
    yRange: [0, highest * 1.15],
    bands: phases(steps),
    format: (y) => decimal(y, highest < 0.1 ? 3 : 2),
  });
  return html`<section>
    <h2>Training</h2>
    <p class="note">
      Losses, smoothed over the faint raw values and not yet weighted, and where the time of a step
      went. Shading marks the phases: tags alone, then labels from CAM, then labels from affinity.
    </p>
    <div class="split">
      <div class="card">
        <h3>Losses</h3>
        <div class="gap">${chart}</div>
      </div>
      <div class="card">
        <h3>Time of a step</h3>
        ${timings(steps)}
      </div>
    </div>
  </section>`;
}

const parts = [
  { key: "network", name: "Network", hue: "network" },
  { key: "cam", name: "CAM", hue: "cam" },
  { key: "labels", name: "Labels", hue: "labels" },
  { key: "optimizer", name: "Optimizer", hue: "optimizer" },
  { key: "exchange", name: "Exchange between processes", hue: "exchange" },
  { key: "data", name: "Waiting for data", hue: "data" },
] as const;

function timings(steps: readonly StepEvent[]): Html {
  const meanOf = (entries: readonly StepEvent[], key: keyof StepEvent["seconds"]): number =>
    entries.reduce((sum, { seconds }) => sum + (seconds[key] ?? 0), 0) / entries.length;
  const split = (entries: readonly StepEvent[]): { name: string; hue: string; value: number }[] => {
    const known = parts.map(({ key, name, hue }) => ({ name, hue, value: meanOf(entries, key) }));
    const rest = meanOf(entries, "total") - known.reduce((sum, { value }) => sum + value, 0);
    return [...known, { name: "Other", hue: "other", value: Math.max(0, rest) }];
  };
  const rows = [...new Set(steps.map(({ phase }) => phase))].map((phase) => {
    const entries = steps.filter((entry) => entry.phase === phase);
    return {
      name: phaseNames[phase],
      total: duration(meanOf(entries, "total")),
      parts: split(entries),
    };
  });
  const overall = split(steps);
  const total = steps.reduce((sum, { seconds }) => sum + seconds.total, 0);
  const images = steps.reduce((sum, entry) => sum + entry.images, 0);
  const share = ({ value }: { value: number }): string =>
    `${((100 * value * steps.length) / Math.max(total, 1e-9)).toFixed(0)}%`;
  return html`${stackedBars("Mean time of a step by phase", rows, duration)}
    <div class="legend gap">
      ${overall
        .filter(({ value }) => value * steps.length > 0.005 * total)
        .map(
          (part) =>
            html`<span class="key"
              ><i style="background:var(--${part.hue})"></i>${part.name} <b>${share(part)}</b></span
            >`,
        )}
    </div>
    <dl class="gap">
      <dt>Steps took</dt>
      <dd>${duration(total)}</dd>
      <dt>Speed</dt>
      <dd>${decimal(images / Math.max(total, 1e-9), 1)} images a second</dd>
    </dl>`;
}

const phaseNames = {
  classification: "Tags alone",
  pseudo: "CAM labels",
  affinity: "Affinity labels",
};

function phases(steps: readonly StepEvent[]): { from: number; to: number; name: string }[] {
  const bands: { from: number; to: number; name: string }[] = [];
  for (const { step, phase } of steps) {
    const name = phaseNames[phase];
    const band = bands.at(-1);
    if (band?.name === name) band.to = step + 1;
    else bands.push({ from: step, to: step + 1, name });
  }
  return bands.length > 1 ? bands : [];
}
