import { resizeImage } from "../../method/images/resize-antialiased.ts";
import { resizeLabels } from "../../method/images/resize-labels.ts";
import { paintLabels } from "../../method/images/overlay.ts";
import type { StageExample, StageName } from "../../method/eval/stages.ts";
import { fit } from "../run/panel-picture.ts";
import type { ImageCodec } from "../../host/codec.ts";
import type { PaintedExample, StepGains } from "./training-data.ts";
import { decimal, imageHeader } from "./format.ts";
import { dataUri, html, type Html } from "./html.ts";

/** Steps of the method, each with the one that it improves on; a perfect affinity is an upper bound and no step. */
const stepsBefore: Partial<Record<StageName, StageName>> = {
  camPar: "cam",
  affinityCam: "cam",
  affinityCamPar: "affinityCam",
  perfectAffinityCam: "cam",
  perfectAffinityCamPar: "perfectAffinityCam",
  views: "seg",
  crf: "views",
};
const perfect: readonly StageName[] = ["perfectAffinityCam", "perfectAffinityCamPar"];
/** Stages that know the image alone. */
const byImage: readonly StageName[] = ["seg", "views", "crf"];

/** Paints the masks of every step over an image. @param longSide of the pictures, in pixels */
export async function paintExample(
  codec: ImageCodec,
  example: StageExample,
  longSide = 192,
): Promise<PaintedExample> {
  const { image, truth, stages } = example;
  const { width, height } = fit(image, longSide);
  const small = resizeImage(image, width, height);
  const encode = (picture: typeof small): Promise<Uint8Array> =>
    codec.encode(picture, "jpeg", { quality: 84, subsampled: true });
  const painted = (labels: typeof truth): Promise<Uint8Array> =>
    encode(paintLabels(small, resizeLabels(labels, width, height)));
  const steps = stages.filter(({ name }) => !perfect.includes(name));
  const scores = new Map(stages.map(({ name, meanIou }) => [name, meanIou]));
  const masks = steps.map(async ({ name, title, labels, meanIou }) => {
    const before = stepsBefore[name] && scores.get(stepsBefore[name]);
    return { title, gain: { meanIou, before }, jpeg: await painted(labels) };
  });
  return {
    name: example.name,
    tags: example.tags,
    pictures: [
      { title: "Image", jpeg: await encode(small) },
      ...(await Promise.all(masks)),
      { title: "Truth", jpeg: await painted(truth) },
    ],
  };
}

/** What each step of the method adds: bars of the mean IoU, and pictures with that of each image. */
export function stepGains({ scores, examples }: StepGains, classes: readonly string[]): Html {
  const byName = new Map(scores.stages.map(({ name, meanIou }) => [name, meanIou]));
  const bars = scores.stages.map(({ name, title, meanIou }) => {
    const before = stepsBefore[name] && byName.get(stepsBefore[name]);
    const kind = perfect.includes(name) ? "perfect" : byImage.includes(name) ? "seg" : "cam";
    return html`<div class="row step">
      <span>${title}</span>
      <span class="bar"
        ><i class="${kind}" style="width:${percent(Number.isFinite(meanIou) ? meanIou : 0)}%"></i
      ></span>
      <span class="total"><b>${percent(meanIou)}</b> ${gainOf(meanIou, before)}</span>
    </div>`;
  });
  return html`<section>
    <h2>What each step adds</h2>
    <p class="note">
      Mean IoU in % on ${scores.masks} test images, which nothing was chosen on, and its difference
      to the step before. The steps up to the affinity know the tags of an image, as labeling does;
      the segmentation knows only the image. A perfect affinity, taken from the true masks, shows
      how far any affinity could come on so coarse a grid.
    </p>
    <div class="card stack">${bars}</div>
    <div class="panels gap">${examples.map((example) => exampleCard(example, classes))}</div>
  </section>`;
}

function exampleCard({ name, tags, pictures }: PaintedExample, classes: readonly string[]): Html {
  return html`<article class="card panel">
    ${imageHeader(name, tags, classes)}
    <div class="tiles steps">
      ${pictures.map(
        ({ title, gain, jpeg }) =>
          html`<figure>
            <img src="${dataUri(jpeg)}" alt="${title} of ${name}" />
            <figcaption>
              ${title}
              ${gain && html`<br /><b>${percent(gain.meanIou)}</b> ${gainOf(gain.meanIou, gain.before)}`}
            </figcaption>
          </figure>`,
      )}
    </div>
  </article>`;
}

function percent(value: number): string {
  return decimal(100 * value, 1);
}

/** The difference to the step before, with its sign. */
function gainOf(value: number, before: number | undefined): Html | undefined {
  if (before === undefined || !Number.isFinite(value - before)) return undefined;
  const points = (100 * (value - before)).toFixed(1);
  return Number(points) < 0
    ? html`<span class="loss">−${points.slice(1)}</span>`
    : html`<span class="gain">+${points}</span>`;
}
