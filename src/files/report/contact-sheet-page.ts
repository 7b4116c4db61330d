import { renderDocument } from "./document.ts";
import { swatch } from "./format.ts";
import { html, type Html } from "./html.ts";

/** One picture of the sheet; files are links relative to the page. */
export interface SheetCard {
  readonly name: string;
  readonly tags: readonly string[];
  /** Those of the tags that no pixel of the mask shows. */
  readonly missing: readonly string[];
  /** Confidence of the mask, 0..1. */
  readonly confidence: number;
  readonly thumbnail: string;
  /** Width of the thumbnail, in pixels. */
  readonly width: number;
  readonly height: number;
  readonly overlay: string;
  readonly image: string;
  readonly mask: string;
}

/** One page of a sheet. */
export interface Sheet {
  readonly title: string;
  readonly classes: readonly string[];
  /** Cards in the order of the page. */
  readonly cards: readonly SheetCard[];
  /** Number of the page, from 0. */
  readonly page: number;
  /** Files of all pages, relative to each other. */
  readonly files: readonly string[];
  /** Masks on all pages before this one, and on all pages. */
  readonly before: number;
  readonly total: number;
}

/** A page of the contact sheet: loads only the thumbnails beside it and runs no script. */
export function renderSheet(sheet: Sheet): string {
  const { title, classes, cards, before } = sheet;
  const labels = new Map(classes.map((name, i) => [name, i + 1]));
  return renderDocument(
    { title, style: sheetStyle, images: "beside", className: "sheet" },
    html`<header>
        <p class="over">tag2mask contact sheet</p>
        <h1>${title}</h1>
        <p class="soft">${summary(sheet)}</p>
        ${pageLinks(sheet)}
      </header>
      <ol start="${before + 1}">
        ${cards.map((card) => cardOf(card, labels))}
      </ol>
      ${pageLinks(sheet)}`,
  );
}

/** Most pages that all link each other: the links of thousands would take more space than the masks. */
const mostLinked = 100;

/** Whether a page links another: of too many only the first, the last, those around itself and every hundredth. */
function isLinked({ files, page }: Sheet, at: number): boolean {
  if (files.length <= mostLinked || at === 0 || at === files.length - 1) return true;
  return Math.abs(at - page) <= 10 || (at + 1) % 100 === 0;
}

/** Links to the pages, if there are several. */
function pageLinks(sheet: Sheet): Html | undefined {
  const { files, page } = sheet;
  if (files.length === 1) return undefined;
  const linked = [...files.keys()].filter((at) => isLinked(sheet, at));
  const link = (at: number, text: string): Html | undefined =>
    files[at] === undefined ? undefined : html`<a href="${files[at]}">${text}</a>`;
  return html`<nav aria-label="Pages">
    ${link(page - 1, "← less sure")}
    ${linked.map((at) => (at === page ? html`<b aria-current="page">${at + 1}</b>` : link(at, String(at + 1))))}
    ${link(page + 1, "surer →")}
  </nav>`;
}

function summary({ cards, before, total, files }: Sheet): string {
  const number = (value: number): string => value.toLocaleString("en");
  const count = `${number(total)} ${total === 1 ? "mask" : "masks"}`;
  const part =
    files.length === 1
      ? ""
      : ` Here are ${number(before + 1)} to ${number(before + cards.length)}.`;
  return (
    `${count}: those without a pixel of one of their tags, then the lowest confidence first. Review from the top. ` +
    `The percentage orders masks of the same model and source; it is not a score.${part}`
  );
}

function cardOf(card: SheetCard, labels: ReadonlyMap<string, number>): Html {
  const { confidence, name, tags } = card;
  const hasConfidence = Number.isFinite(confidence);
  const share = hasConfidence ? Math.min(1, Math.max(0, confidence)) : 0;
  return html`<li class="card">
    <a href="${card.overlay}"
      ><img
        src="${card.thumbnail}"
        width="${card.width}"
        height="${card.height}"
        loading="lazy"
        decoding="async"
        alt="Mask over ${name}"
    /></a>
    <div class="sure">
      <span><i style="width:${(100 * share).toFixed(1)}%"></i></span
      ><b>${hasConfidence ? `${(100 * confidence).toFixed(1)} %` : "–"}</b>
    </div>
    <h3>${name}</h3>
    <p class="legend">
      ${tags.map((tag) => html`<span class="key">${mark(labels.get(tag))}${tag}</span>`)}
    </p>
    ${card.missing.length > 0 ? html`<p class="lacks">no pixel of ${card.missing.join(", ")}</p>` : undefined}
    <p class="files"><a href="${card.image}">image</a> <a href="${card.mask}">mask</a></p>
  </li>`;
}

function mark(label: number | undefined): Html | undefined {
  return label === undefined ? undefined : swatch(label);
}

/** Styles of the sheet; cards out of view are not laid out, because a page may have thousands. */
const sheetStyle = `
.sheet { max-width: 1480px; }
.sheet header { max-width: 80ch; }
.sheet nav { display: flex; flex-wrap: wrap; gap: 4px 12px; margin-top: 16px; font-size: 13.5px; }
.sheet ol { list-style: none; margin: 32px 0 0; padding: 0; display: grid; gap: 16px;
  grid-template-columns: repeat(auto-fill, minmax(228px, 1fr)); }
.sheet li { padding: 12px; content-visibility: auto; contain-intrinsic-size: auto 300px; min-width: 0; }
.sheet img { display: block; width: 100%; height: 190px; object-fit: contain; border-radius: 6px; background: var(--wash); }
.sheet h3 { font-size: 13.5px; margin-top: 6px; }
.sheet .legend { gap: 2px 12px; margin-top: 4px; }
.sure { display: flex; align-items: center; gap: 10px; margin-top: 10px; font-size: 13px; }
.sure span { flex: 1; height: 6px; border-radius: 3px; background: var(--wash); overflow: hidden; }
.sure i { display: block; height: 100%; background: var(--seg); border-radius: 3px; }
.sure b { font-variant-numeric: tabular-nums; }
.lacks { font-size: 12.5px; margin-top: 4px; font-weight: 600; }
.files { font-size: 12.5px; margin-top: 6px; }
.files a { color: var(--soft); margin-right: 10px; }
@media print { .sheet li { content-visibility: visible; break-inside: avoid; } }
`;
