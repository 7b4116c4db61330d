import type { StepEvent } from "../../method/train/events.ts";
import { hexColor, overlayColor } from "../../method/images/overlay.ts";
import type { Score } from "./training-data.ts";
import { html, type Html } from "./html.ts";

/** A square in the color of a class in the pictures; label 0 is background. */
export function swatch(label: number): Html {
  const color = label === 0 ? "#3a3a42" : hexColor(overlayColor(label));
  return html`<i class="swatch" style="background:${color}"></i>`;
}

/** The name of an image and its tags, as classes from 0, in their colors. */
export function imageHeader(
  name: string,
  tags: readonly number[],
  classes: readonly string[],
): Html {
  return html`<header>
    <h3>${name}</h3>
    ${tags.map((i) => html`<span class="key">${swatch(i + 1)}${classes[i] ?? i}</span>`)}
  </header>`;
}

export function isNumber(value: Score): value is number {
  return typeof value === "number" && Number.isFinite(value);
}

/** A score, or a dash if there is none. */
export function decimal(value: Score, digits: number): string {
  return isNumber(value) ? value.toFixed(digits) : "–";
}

/** Seconds in a suitable unit. */
export function duration(seconds: number): string {
  if (seconds < 1) return `${(seconds * 1000).toFixed(0)} ms`;
  if (seconds < 100) return `${seconds.toFixed(seconds < 10 ? 2 : 1)} s`;
  const minutes = Math.round(seconds / 60);
  return minutes < 120 ? `${minutes} min` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

/** Total number of steps of the run. */
export function stepsOf(steps: readonly StepEvent[]): number {
  return steps.at(-1)?.steps ?? 1;
}
