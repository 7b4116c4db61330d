import { tileTitles } from "../run/panel-picture.ts";
import type { ReportData } from "./training-data.ts";
import { imageHeader, swatch } from "./format.ts";
import { dataUri, html, type Html } from "./html.ts";

/** Validation images with activation maps, labels and predictions. */
export function panels({ panels, classes }: ReportData): Html | undefined {
  if (panels.length === 0) return undefined;
  const shown = [...new Set(panels.flatMap(({ tags }) => [...tags]))].sort((a, b) => a - b);
  // With many classes, the legend lists only those in the pictures.
  const listed = classes.length <= 24 ? classes.map((_, i) => i) : shown;
  return html`<section>
    <h2>Pictures</h2>
    <p class="note">
      Validation images, never trained on. Only the tags beside a name were ever used as labels; the
      CAM is shown as heat, the label is what training would have learned from.
    </p>
    <div class="legend classes">
      ${listed.map((i) => html`<span class="key">${swatch(i + 1)}${classes[i]!}</span>`)}
      <span class="key"><i class="hatch"></i>ignored</span>
    </div>
    <div class="panels">
      ${panels.map(
        ({ name, tags, tiles }) =>
          html`<article class="card panel">
            ${imageHeader(name, tags, classes)}
            <div class="tiles">
              ${tiles.map(
                (tile) =>
                  html`<figure>
                    <img src="${dataUri(tile.jpeg)}" alt="${tileTitles[tile.name]} of ${name}" />
                    <figcaption>${tileTitles[tile.name]}</figcaption>
                  </figure>`,
              )}
            </div>
          </article>`,
      )}
    </div>
  </section>`;
}
