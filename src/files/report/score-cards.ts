import { lineChart, type Point, type Series } from "./chart.ts";
import type { ReportData, ReportScores, Score } from "./training-data.ts";
import { decimal, isNumber, stepsOf, swatch } from "./format.ts";
import { html, type Html } from "./html.ts";

const columns = [
  { key: "seg", name: "Segmentation", hue: "seg" },
  { key: "affinityCam", name: "Affinity CAM", hue: "affinity" },
  { key: "cam", name: "CAM", hue: "cam" },
] as const;

/** The main scores of a run: those of the masks, if there are true ones, and that of the tags. */
export function figures({ scores }: ReportData): Html {
  if (!scores) return html`<p class="gap soft">The run ended before its first validation.</p>`;
  const figure = (hue: string, name: string, value: Score, unit: string): Html =>
    html`<div class="card" style="--hue:var(--${hue})">
      <span>${name}</span><b>${decimal(value, 3)}</b><span>${unit}</span>
    </div>`;
  return html`<div class="figures">
    ${columns
      .filter(({ key }) => isNumber(scores.metrics[key]))
      .map(({ key, name, hue }) => figure(hue, name, scores.metrics[key], "mean IoU"))}
    ${figure("tags", "Image tags", scores.metrics.tagF1, "mean F1")}
  </div>`;
}

/** Scores during training, and the final ones of every class. */
export function scores({ scores, validations, classes, steps }: ReportData): Html | undefined {
  if (!scores) return undefined;
  const areas = validations.at(-1)?.camAreas;
  const isMeasured = columns.some(({ key }) => isNumber(scores.metrics[key]));
  const curve = (key: keyof ReportScores, name: string, hue: string): Series => {
    const points = validations.flatMap(({ step, metrics }): Point[] => {
      const value = metrics[key];
      return isNumber(value) ? [[step, value]] : [];
    });
    return { name, color: `var(--${hue})`, points };
  };
  const chart = lineChart({
    label: `Validation scores over ${validations.length} validations; the numbers are in results.csv`,
    series: [
      ...(isMeasured ? columns.map(({ key, name, hue }) => curve(key, name, hue)) : []),
      curve("tagF1", "Tag F1", "tags"),
    ],
    xRange: [0, stepsOf(steps)],
    yRange: [0, 1],
    dots: validations.length <= 40,
    format: (y) => y.toFixed(2),
  });
  return html`<section>
    <h2>Scores</h2>
    <p class="note">
      ${scores.title}.
      ${
        isMeasured
          ? "IoU is the overlap of predicted and true area divided by their union; the mean is over classes that occur in the truth."
          : "There are no true masks, so no IoU: the F1 of the tags is the score."
      }
    </p>
    <div class="split">
      <div class="card">
        <h3>During training</h3>
        <div class="gap">${chart}</div>
      </div>
      ${isMeasured ? html`<div class="card">${classTable(scores, classes)}</div>` : ""}
      ${areas ? html`<div class="card">${areaTable(areas, classes)}</div>` : ""}
    </div>
  </section>`;
}

/** The area that class activations give to each class, where no true mask can score them. */
function areaTable(areas: readonly number[], classes: readonly string[]): Html {
  return html`<table>
    <thead>
      <tr>
        <th scope="col">Area of class activations</th>
        <th scope="col" class="number">%</th>
      </tr>
    </thead>
    <tbody>
      ${["background", ...classes].map(
        (name, c) =>
          html`<tr>
            <th scope="row"><span class="named">${swatch(c)}${name}</span></th>
            <td class="number">${decimal(100 * areas[c]!, 1)}</td>
          </tr>`,
      )}
    </tbody>
  </table>`;
}

function classTable(
  { metrics, perClass }: NonNullable<ReportData["scores"]>,
  classes: readonly string[],
): Html {
  const row = (name: Html | string, cam: Score, affinityCam: Score, seg: Score, kind = ""): Html =>
    html`<tr class="${kind}">
      <th scope="row">${name}</th>
      <td class="number">${decimal(cam, 3)}</td>
      <td class="number">${decimal(affinityCam, 3)}</td>
      <td class="meter">
        <div>
          <span><i style="width:${(100 * (isNumber(seg) ? seg : 0)).toFixed(1)}%"></i></span
          ><b>${decimal(seg, 3)}</b>
        </div>
      </td>
    </tr>`;
  return html`<table>
    <thead>
      <tr>
        <th scope="col">IoU</th>
        <th scope="col" class="number">CAM</th>
        <th scope="col" class="number">Affinity</th>
        <th scope="col" class="number">Segmentation</th>
      </tr>
    </thead>
    <tbody>
      ${row("Mean", metrics.cam, metrics.affinityCam, metrics.seg, "mean")}
      ${["background", ...classes].map((name, c) =>
        row(
          html`<span class="named">${swatch(c)}${name}</span>`,
          perClass.cam[c],
          perClass.affinityCam[c],
          perClass.seg[c],
        ),
      )}
    </tbody>
  </table>`;
}
