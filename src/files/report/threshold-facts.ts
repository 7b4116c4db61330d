import type { ReportData } from "./training-data.ts";
import { decimal } from "./format.ts";
import { html, type Html } from "./html.ts";

/** The thresholds of pseudo labels, and how they suited the data when the first labels were made. */
export function thresholdFacts({ thresholds, classes }: ReportData): Html | undefined {
  if (!thresholds) return undefined;
  const { step, low, high, chosen, ignored, tagsWithoutPixels, areas } = thresholds;
  return html`<section>
    <h2>Thresholds of pseudo labels</h2>
    <p class="note">
      Measured from tags alone after ${step} steps, on crops of training images: activations up to
      the low threshold are background, those above the high one the class, others are ignored.
    </p>
    <div class="split">
      <div class="card">
        <h3>${chosen ? "Chosen from tags" : "As set"}</h3>
        <dl class="gap">
          <dt>Low and high</dt>
          <dd>${decimal(low, 2)} and ${decimal(high, 2)}</dd>
          <dt>Pixels ignored</dt>
          <dd>${percent(ignored)}</dd>
          <dt>Tags that get no pixel</dt>
          <dd>${percent(tagsWithoutPixels)}</dd>
        </dl>
      </div>
      <div class="card">
        <h3>Mean area in crops with the tag</h3>
        <dl class="gap">
          ${classes.map((name, c) => {
            const area = areas[c];
            return html`<dt>${name}</dt>
              <dd>${typeof area === "number" ? percent(area) : "no such crop"}</dd>`;
          })}
        </dl>
      </div>
    </div>
  </section>`;
}

function percent(share: number): string {
  return `${decimal(100 * share, 1)} %`;
}
