import type { ConfusionMatrix } from "../../method/eval/metrics.ts";
import { html, type Html } from "./html.ts";

/** Longest class name that is written in full, in letters. */
const longestName = 20;

/** Most classes for which the cells have room for numbers. */
const mostWithNumbers = 32;

/**
 * A confusion matrix as an SVG picture: a row for each true class, a column for each predicted one, cells shaded by
 * their part of the row's pixels, the IoU of each class at the right. Rows of classes that the truth does not have are
 * hatched.
 * @param names names of all classes, background first
 */
export function confusionPicture(matrix: ConfusionMatrix, names: readonly string[]): string {
  const n = matrix.numClasses;
  const withNumbers = n <= mostWithNumbers;
  const cell = withNumbers ? 34 : 12;
  const font = withNumbers ? 13 : 9;
  const labels = Array.from({ length: n }, (_, c) => shorten(names[c] ?? `class ${c}`));
  const labelWidth = Math.max(...labels.map((name) => name.length)) * font * 0.6 + 12;
  const left = labelWidth + 26;
  const top = labelWidth + 78;
  const side = n * cell;
  const [width, height] = [left + side + 72, top + side + 62].map(Math.ceil) as [number, number];
  const rows = matrix.rows();
  // Classes that the truth does not have are not part of the mean either.
  const accuracies = matrix.accuracies();
  const iou = matrix.iou().map((value, c) => (Number.isNaN(accuracies[c]) ? NaN : value));
  const mean = matrix.meanIou();
  const middle = (c: number): number => (c + 0.5) * cell;
  const percent = (part: number): string => (100 * part).toFixed(part < 0.0995 ? 1 : 0);
  const cells = rows.flatMap((row, truth) => {
    const total = row.reduce((a, b) => a + b, 0);
    if (total === 0) {
      const y = truth * cell;
      return [html`<rect x="0" y="${y}" width="${side}" height="${cell}" fill="url(#none)" />`];
    }
    return row.map((pixels, predicted): Html | undefined => {
      const part = pixels / total;
      // Cells as white as the background are left out.
      if (part < 0.0005) return undefined;
      const [x, y] = [predicted * cell, truth * cell];
      const title = `${names[truth]} predicted as ${names[predicted]}: ${(100 * part).toFixed(2)} %`;
      return html`<g
        ><title>${title}</title
        ><rect x="${x}" y="${y}" width="${cell}" height="${cell}" fill="${shade(part)}" />${
          withNumbers && part >= 0.01
            ? html`<text
                x="${middle(predicted)}"
                y="${middle(truth)}"
                dy="0.35em"
                text-anchor="middle"
                font-size="11"
                fill="${part > 0.4 ? "#ffffff" : "#1d1d24"}"
                >${(100 * part).toFixed(0)}</text
              >`
            : undefined
        }</g
      >`;
    });
  });
  const lines = Array.from(
    { length: n + 1 },
    (_, i) => `M0 ${i * cell}H${side}M${i * cell} 0V${side}`,
  );
  const picture = html`<svg
    xmlns="http://www.w3.org/2000/svg"
    width="${width}"
    height="${height}"
    viewBox="0 0 ${width} ${height}"
    font-family="system-ui, 'Segoe UI', Roboto, 'Liberation Sans', 'DejaVu Sans', sans-serif"
    fill="#1d1d24"
  >
    <defs>
      <pattern
        id="none"
        width="6"
        height="6"
        patternUnits="userSpaceOnUse"
        patternTransform="rotate(45)"
      >
        <rect width="6" height="6" fill="#ffffff" />
        <rect width="1" height="6" fill="#d4d4cf" />
      </pattern>
      <linearGradient id="scale">
        ${[0, 0.25, 0.5, 0.75, 1].map((part) => html`<stop offset="${part}" stop-color="${shade(part)}" />`)}
      </linearGradient>
    </defs>
    <rect width="${width}" height="${height}" fill="#ffffff" />
    <text x="16" y="30" font-size="18" font-weight="600">Confusion matrix</text>
    <text x="16" y="50" font-size="12" fill="#62626e">
      % of a true class's pixels; mean IoU ${Number.isFinite(mean) ? (100 * mean).toFixed(1) : "–"}
      %
    </text>
    <text
      x="${left + side / 2}"
      y="${height - 14}"
      font-size="12"
      fill="#62626e"
      text-anchor="middle"
    >
      predicted class
    </text>
    <text
      transform="translate(18 ${top + side / 2}) rotate(-90)"
      font-size="12"
      fill="#62626e"
      text-anchor="middle"
    >
      true class
    </text>
    <text x="${left + side + 10}" y="${top - 8}" font-size="${Math.max(font, 11)}" fill="#62626e">
      IoU
    </text>
    <g transform="translate(${left} ${top})">
      ${cells}
      <path
        d="${lines.join("")}"
        stroke="#e4e4df"
        stroke-width="${withNumbers ? 1 : 0.5}"
        fill="none"
      />
    </g>
    <g font-size="${font}">
      ${labels.map(
        (name, c) =>
          html`<text x="${left - 7}" y="${top + middle(c)}" dy="0.35em" text-anchor="end"
              >${name}</text
            ><text transform="translate(${left + middle(c)} ${top - 7}) rotate(-90)" dy="0.35em"
              >${name}</text
            ><text x="${left + side + 10}" y="${top + middle(c)}" dy="0.35em" fill="#62626e"
              >${Number.isFinite(iou[c]) ? percent(iou[c]!) : "–"}</text
            >`,
      )}
    </g>
    <g transform="translate(${left} ${top + side + 14})" font-size="11" fill="#62626e">
      <text y="9">0</text>
      <rect x="12" width="120" height="10" fill="url(#scale)" stroke="#e4e4df" />
      <text x="138" y="9">100 %</text>
    </g>
  </svg>`;
  return picture.text;
}

/** A shade from white to indigo, in which small parts are still visible. */
function shade(part: number): string {
  const strength = part ** 0.6;
  const mix = (from: number, to: number): number => Math.round(from + (to - from) * strength);
  return `rgb(${mix(255, 49)},${mix(255, 46)},${mix(255, 170)})`;
}

function shorten(name: string): string {
  const letters = [...name];
  return letters.length <= longestName ? name : `${letters.slice(0, longestName - 1).join("")}…`;
}
