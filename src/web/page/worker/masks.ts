import { openSegmenter } from "../../../jobs/open-segmenter.ts";
import { withFile } from "../../../browser/given-files.ts";
import { paintScaledLabels } from "../../../method/images/overlay.ts";
import { resizeImage } from "../../../method/images/resize-antialiased.ts";
import type { Image, LabelMap } from "../../../method/images/image.ts";
import type { Segmentation, Segmenter } from "../../../method/inference/segmenter.ts";
import { CrfPool } from "../../../method/refine/crf-pool.ts";
import { UserError } from "../../../user-error.ts";
import type {
  MadeMask,
  ModelFacts,
  ModelSource,
  SegmentInput,
  ShowInput,
  ShownImage,
} from "../protocol.ts";
import { blobOf, largeSide, sourceOf } from "./blobs.ts";
import { host } from "./host.ts";
import { runFolder } from "./places.ts";

/** Long side of small pictures, in pixels. */
const smallSide = 240;

const models = new Map<number, Segmenter>();
let lastModel = 0;
/** Threads of the CRF, kept for all photographs. */
let crfPool: CrfPool | undefined;

/** Opens a model and keeps it. */
export async function openModel(source: ModelSource): Promise<ModelFacts> {
  const segmenter =
    "run" in source
      ? await openSegmenter(host, runFolder(source.run))
      : await withFile(host, source.file, (path) => openSegmenter(host, path));
  const id = ++lastModel;
  models.set(id, segmenter);
  const { classes, device, activations } = segmenter;
  const name = "run" in source ? source.run : source.file.name;
  return { id, name, classes, device, hasActivations: activations !== null };
}

export async function closeModel(id: number): Promise<null> {
  const segmenter = models.get(id);
  models.delete(id);
  await segmenter?.release();
  return null;
}

/** A small picture of a photograph; a UserError for what is no image. */
export async function thumbnail(photo: File): Promise<Blob> {
  const { jpeg } = await host.codec.thumbnail(await sourceOf(photo), smallSide);
  return blobOf(jpeg, "image/jpeg");
}

/** The mask of a photograph. */
export async function segment({ model, photo, crf, tags, from }: SegmentInput): Promise<MadeMask> {
  const segmenter = models.get(model);
  if (!segmenter) {
    throw new UserError(`${photo.name}: the model is not open any more; open it again`);
  }
  const { codec, machine } = host;
  const start = machine.now();
  const image = await codec.decode(await sourceOf(photo), { largeSide });
  const refine = crf && { crf: (pixels: Image, logits: Parameters<CrfPool["refine"]>[1]) => crfThreads().refine(pixels, logits) }; // prettier-ignore
  let mask: Segmentation;
  if (tags === undefined) mask = await segmenter.segment(image, { ...refine });
  else if (from === "segmentation") mask = await segmenter.label(image, tags, { from, ...refine });
  else mask = await segmenter.label(image, tags, { from });
  const { width, height } = image;
  const picture = await pictureOf(image, mask);
  return {
    width,
    height,
    labels: blobOf(await codec.encodeLabels(mask), "image/png"),
    picture,
    tags: mask.tags,
    confidence: mask.confidence,
    shares: sharesOf(mask, segmenter.classes.length),
    seconds: machine.now() - start,
  };
}

/** A photograph and its mask, to be drawn. */
export async function show(
  { photo, labels }: ShowInput,
  handOver: (object: Transferable) => void,
): Promise<ShownImage> {
  const { codec } = host;
  const picture = await bitmapOf(await codec.decode(await sourceOf(photo), { largeSide }));
  handOver(picture);
  if (!labels) return { picture };
  const map = await codec.decodeLabels(await sourceOf(labels, photo.name));
  handOver(map.data.buffer as ArrayBuffer);
  return { picture, labels: map };
}

function crfThreads(): CrfPool {
  return (crfPool ??= new CrfPool(host.workers, { threads: host.machine.cores }));
}

async function pictureOf(image: Image, mask: LabelMap): Promise<Blob> {
  const scale = Math.min(1, smallSide / Math.max(image.width, image.height));
  const side = (length: number): number => Math.max(1, Math.round(length * scale));
  const small = resizeImage(image, side(image.width), side(image.height));
  const painted = paintScaledLabels(small, mask);
  return blobOf(await host.codec.encode(painted, "jpeg", { quality: 85 }), "image/jpeg");
}

function sharesOf({ data }: LabelMap, classes: number): number[] {
  const counts = new Uint32Array(256);
  for (let i = 0; i < data.length; i++) counts[data[i]!]!++;
  return Array.from({ length: classes + 1 }, (_, label) => counts[label]! / data.length);
}

async function bitmapOf({ width, height, data }: Image): Promise<ImageBitmap> {
  const pixels = new ImageData(width, height);
  for (let i = 0, o = 0; i < data.length; i += 3, o += 4) {
    pixels.data[o] = data[i]!;
    pixels.data[o + 1] = data[i + 1]!;
    pixels.data[o + 2] = data[i + 2]!;
    pixels.data[o + 3] = 255;
  }
  return createImageBitmap(pixels);
}
