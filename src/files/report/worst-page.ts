import { renderDocument } from "./document.ts";
import { swatch } from "./format.ts";
import { dataUri, html, type Html } from "./html.ts";
import type { WorstImage } from "./worst-images.ts";

/** worst.html: the images with the lowest scores, as a self-contained page. */
export function renderWorst(
  images: readonly WorstImage[],
  { title, classes, measured }: { title: string; classes: readonly string[]; measured: number },
): string {
  const count = measured.toLocaleString("en");
  return renderDocument(
    { title, style: worstStyle },
    html`<header>
        <p class="over">tag2mask evaluation</p>
        <h1>${title}</h1>
        <p class="soft">
          The ${images.length} of ${count} images with the lowest mean IoU, worst first. The mean is
          over the classes of an image's own truth. Hatched is ignored.
        </p>
      </header>
      <div class="panels worst">${images.map((image, i) => card(image, i, classes))}</div>`,
  );
}

function card(
  { name, meanIou, labels, tiles }: WorstImage,
  index: number,
  classes: readonly string[],
): Html {
  return html`<article class="card panel">
    <header>
      <h3>${index + 1}. ${name}</h3>
      <b class="score">IoU ${(100 * meanIou).toFixed(1)} %</b>
      ${labels.map(
        (label) =>
          html`<span class="key">${swatch(label)}${classes[label - 1] ?? `class ${label}`}</span>`,
      )}
    </header>
    <div class="tiles">
      ${tiles.map(
        (tile) =>
          html`<figure>
            <img src="${dataUri(tile.jpeg)}" loading="lazy" alt="${tile.title} of ${name}" />
            <figcaption>${tile.title}</figcaption>
          </figure>`,
      )}
    </div>
  </article>`;
}

const worstStyle = `
.worst { margin-top: 32px; grid-template-columns: repeat(auto-fill, minmax(min(100%, 520px), 1fr)); }
.worst .tiles { grid-template-columns: repeat(3, minmax(0, 1fr)); }
.score { font-size: 14px; font-variant-numeric: tabular-nums; }
`;
