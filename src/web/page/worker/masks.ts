import { folderZip } from "../../../browser/blobs.ts";
import { MaskFolder } from "../../../files/formats/mask-folder.ts";
import { stem } from "../../../files/text/path.ts";
import { openSegmenter } from "../../../jobs/open-segmenter.ts";
import { withFile } from "../../../browser/given-files.ts";
import { paintScaledLabels } from "../../../method/images/overlay.ts";
import { resizeImage } from "../../../method/images/resize-antialiased.ts";
import type { Image, LabelMap } from "../../../method/images/image.ts";
import type { Segmentation, Segmenter } from "../../../method/inference/segmenter.ts";
import { CrfPool } from "../../../method/refine/crf-pool.ts";
import { UserError } from "../../../user-error.ts";
import type {
  ExportMasksInput,
  MadeMask,
  ModelFacts,
  ModelSource,
  NamedFile,
  SegmentInput,
  ShowInput,
  ShownImage,
} from "../protocol.ts";
import { host } from "./host.ts";
import { runFolder } from "./places.ts";

/** Long side of small pictures, in pixels. */
const smallSide = 240;
/** Longer side that a large photograph is shown with. */
const largeSide = 4096;

const models = new Map<number, Segmenter>();
let lastModel = 0;
/** Threads of the CRF, kept for all photographs. */
let crfPool: CrfPool | undefined;
let exportCount = 0;

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

/** Masks in formats of other programs, as a zip. */
export async function exportMasks({
  classes,
  masks,
  formats,
  overlays,
}: ExportMasksInput): Promise<NamedFile> {
  const folder = `/memory/masks-${exportCount++}`;
  const { codec, store } = host;
  // Some formats hold the photographs too; several may have the same name.
  const files = masks.map(({ photo }, index) => [`${index}/${photo.name}`, photo] as const);
  const photos = host.addFolder("photographs", new Map(files));
  try {
    const out = await MaskFolder.create(host, folder, classes, { format: formats, overlays });
    for (const [index, { photo, labels, confidence }] of masks.entries()) {
      const map = await codec.decodeLabels(await sourceOf(labels, photo.name));
      const image = overlays ? await codec.decode(await sourceOf(photo), { largeSide }) : undefined;
      const source = `${photos}/${files[index]![0]}`;
      const origin = { source, confidence, index };
      await out.write(stem(photo.name), map, image, origin);
    }
    await out.finish();
    return { name: "masks.zip", blob: await folderZip(host, folder) };
  } finally {
    host.removeFolder(photos);
    await store.remove(folder);
  }
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

async function sourceOf(file: Blob, name = (file as File).name) {
  return { bytes: new Uint8Array(await file.arrayBuffer()), name };
}

export function blobOf(bytes: Uint8Array, type: string): Blob {
  return new Blob([bytes as Uint8Array<ArrayBuffer>], { type });
}
