import { openDataset, type OpenedDataset } from "../../../files/datasets/index.ts";
import { fit } from "../../../files/run/panel-picture.ts";
import { openModel } from "../../../jobs/open-model.ts";
import { openSegmenter } from "../../../jobs/open-segmenter.ts";
import { labelsAt, locate } from "../../../method/eval/look.ts";
import type { Image, LabelMap } from "../../../method/images/image.ts";
import { paintHeat, paintScaledLabels } from "../../../method/images/overlay.ts";
import { resizeImage } from "../../../method/images/resize-antialiased.ts";
import type { Sample } from "../../../method/data/sample.ts";
import type { Segmenter } from "../../../method/inference/segmenter.ts";
import type { SeenImage, TileKind } from "../protocol.ts";
import { host } from "./host.ts";
import { blobOf } from "./masks.ts";
import { imagesFolder, runFolder } from "./places.ts";

/** Images that are looked at. */
const imageCount = 3;
/** Long side of a picture, in pixels. */
const side = 224;

/** The data set of the run that was looked at last. */
let known: { readonly run: string; readonly data: OpenedDataset } | undefined;

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
  if (known?.run !== run) known = { run, data: await openDataset(host, imagesFolder(run)) };
  const { data } = known;
  const file = `${runFolder(run)}/weights/step-${String(step).padStart(6, "0")}.safetensors`;
  const segmenter = await openSegmenter(host, await openModel(host.store, file), { device: "cpu" });
  try {
    const seen: SeenImage[] = [];
    for (const sample of chosen(data)) seen.push(await lookAt(sample, data, segmenter));
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

async function lookAt(
  sample: Sample,
  { reader, classes }: OpenedDataset,
  segmenter: Segmenter,
): Promise<SeenImage> {
  const image = await reader.readImage(sample);
  const { config } = segmenter.model;
  const pass = segmenter.needActivations();
  const located = await locate(image, sample.tags, pass, config);
  const size = fit(image, side);
  const small = resizeImage(image, size.width, size.height);
  const { heat } = labelsAt(located, size.width, size.height, config.pseudo);
  const painted = (labels: LabelMap): Image => paintScaledLabels(small, labels);
  const tiles: [TileKind, Image][] = [
    ["image", small],
    ["cam", paintHeat(small, heat)],
    ["label", painted(await segmenter.label(image, sample.tags))],
    ["prediction", painted(await segmenter.segment(image))],
  ];
  if (sample.mask !== undefined) tiles.push(["truth", painted(await reader.readMask(sample))]);
  const pictures = tiles.map(async ([kind, picture]) => ({
    kind,
    picture: blobOf(await host.codec.encode(picture, "jpeg", { quality: 88 }), "image/jpeg"),
  }));
  return {
    name: sample.name,
    tags: sample.tags.map((tag) => classes[tag]!),
    tiles: await Promise.all(pictures),
  };
}
