import { openDataset, type OpenedDataset } from "../../../files/datasets/index.ts";
import { fit } from "../../../files/run/panel-picture.ts";
import { openModel } from "../../../jobs/open-model.ts";
import { openSegmenter } from "../../../jobs/open-segmenter.ts";
import { labelsAt, locate } from "../../../method/eval/look.ts";
import type { Image, LabelMap } from "../../../method/images/image.ts";
import { paintHeat, paintLabels } from "../../../method/images/overlay.ts";
import { resizeLabels } from "../../../method/images/resize-labels.ts";
import { resizeImage } from "../../../method/images/resize-antialiased.ts";
import type { Sample } from "../../../method/data/sample.ts";
import type { Segmenter } from "../../../method/inference/segmenter.ts";
import type { SeenImage, TileKind } from "../protocol.ts";
import { blobOf } from "./blobs.ts";
import { host } from "./host.ts";
import { withImages } from "./images.ts";
import { runFolder } from "./places.ts";

/** Images that are looked at. */
const imageCount = 3;
/** Long side of a picture, in pixels. */
const side = 224;

/** An image in memory, with what is known of it. */
interface Known {
  readonly name: string;
  readonly image: Image;
  readonly tags: readonly number[];
  readonly truth?: LabelMap;
}

/** Images of the run that was looked at last. */
let known:
  | { readonly run: string; readonly classes: readonly string[]; readonly images: readonly Known[] }
  | undefined;

/**
 * What the network of a checkpoint sees in a few images. It reads the checkpoint's file, in a worker and a runtime of its own: the
 * training does not notice.
 */
export async function look({
  run,
  step,
}: {
  readonly run: string;
  readonly step: number;
}): Promise<SeenImage[]> {
  if (known?.run !== run) known = { run, ...(await withImages(run, knownImages)) };
  const { images, classes } = known;
  const file = `${runFolder(run)}/weights/step-${String(step).padStart(6, "0")}.safetensors`;
  const segmenter = await openSegmenter(host, await openModel(host.store, file), { device: "cpu" });
  try {
    const seen: SeenImage[] = [];
    for (const image of images) seen.push(await lookAt(image, classes, segmenter));
    return seen;
  } finally {
    await segmenter.release();
  }
}

/** Images that are not trained on, if there are any; those with most classes show most. */
function chosen({ splits }: OpenedDataset): readonly Sample[] {
  const { val = [], train = [] } = splits;
  const samples = (val.length > 0 ? val : train).filter(({ tags }) => tags.length > 0);
  const byClasses = [...samples.slice(0, 40)].sort((a, b) => b.tags.length - a.tags.length);
  return byClasses.slice(0, imageCount);
}

async function knownImages(folder: string) {
  const data = await openDataset(host, folder);
  const images: Known[] = [];
  for (const sample of chosen(data)) {
    const image = await data.reader.readImage(sample);
    const truth = sample.mask === undefined ? undefined : await data.reader.readMask(sample);
    images.push({ name: sample.name, image, tags: sample.tags, ...(truth && { truth }) });
  }
  return { classes: data.classes, images };
}

async function lookAt(
  { name, image, tags, truth }: Known,
  classes: readonly string[],
  segmenter: Segmenter,
): Promise<SeenImage> {
  const { config } = segmenter.model;
  const pass = segmenter.needActivations();
  const located = await locate(image, tags, pass, config);
  const size = fit(image, side);
  const small = resizeImage(image, size.width, size.height);
  const { heat } = labelsAt(located, size.width, size.height, config.pseudo);
  const painted = (labels: LabelMap): Image =>
    paintLabels(small, resizeLabels(labels, size.width, size.height));
  const tiles: [TileKind, Image][] = [
    ["image", small],
    ["cam", paintHeat(small, heat)],
    ["label", painted(await segmenter.label(image, tags))],
    ["prediction", painted(await segmenter.segment(image))],
  ];
  if (truth) tiles.push(["truth", painted(truth)]);
  const pictures = tiles.map(async ([kind, picture]) => ({
    kind,
    picture: blobOf(await host.codec.encode(picture, "jpeg", { quality: 88 }), "image/jpeg"),
  }));
  return {
    name,
    tags: tags.map((tag) => classes[tag]!),
    tiles: await Promise.all(pictures),
  };
}
