import type { ImageCodec } from "../../../host/codec.ts";
import { ignoreIndex, type LabelMap } from "../../../method/images/image.ts";
import { resizeLabels } from "../../../method/images/resize-labels.ts";
import { applyPatch, decodeMask, decodePatch, encodeMask } from "../../patches.ts";
import { readStrokes, type MaskSize } from "./stroke-journal.ts";

/** Where the pixels of a mask come from: a PNG, a mask as the page gets it, labels, or nothing that is known. */
export type Pixels =
  | { readonly png: Uint8Array }
  | { readonly runs: Uint8Array }
  | { readonly labels: LabelMap }
  | { readonly unknown: MaskSize };

/** A piece of work on all pixels of a mask, which may take longer than a server may be silent. */
export interface PixelWork {
  readonly from: Pixels;
  /** Size to bring the mask to. */
  readonly size?: MaskSize | undefined;
  /** The content of a journal, whose strokes are laid over it. */
  readonly journal?: Uint8Array | undefined;
  /** The new label for each label, at last. */
  readonly table?: Uint8Array | undefined;
  readonly want: "runs" | "png" | "labels" | "overlap";
  /** For "overlap": another mask of the same classes. */
  readonly against?: Pixels | undefined;
}

/** Pixels of each label, [256], in one mask, the other and both, where the first one knows the label. */
export interface LabelOverlap {
  readonly own: Float64Array;
  readonly other: Float64Array;
  readonly both: Float64Array;
}

export type PixelResult =
  { readonly bytes: Uint8Array } | { readonly labels: LabelMap } | LabelOverlap;

export async function workOnPixels(codec: ImageCodec, work: PixelWork): Promise<PixelResult> {
  const { size, journal, table, want, against } = work;
  let labels = await readPixels(codec, work.from);
  if (size && (labels.width !== size.width || labels.height !== size.height)) {
    labels = resizeLabels(labels, size.width, size.height);
  }
  if (journal) {
    for (const { patch } of readStrokes(journal)?.strokes ?? []) {
      applyPatch(labels, decodePatch(patch));
    }
  }
  if (table) translateInPlace(labels.data, table);
  if (want === "labels") return { labels };
  if (want === "runs") return { bytes: encodeMask(labels) };
  if (want === "png") return { bytes: await codec.encodeLabels(labels) };
  return overlapOf(labels, against && (await readPixels(codec, against)));
}

/** The labels in an array that nobody else has. */
async function readPixels(codec: ImageCodec, from: Pixels): Promise<LabelMap> {
  if ("png" in from) return codec.decodeLabels({ bytes: from.png, name: "mask" });
  if ("runs" in from) return decodeMask(from.runs);
  if ("labels" in from) return { ...from.labels, data: from.labels.data.slice() };
  const { width, height } = from.unknown;
  return { width, height, data: new Uint8Array(width * height).fill(ignoreIndex) };
}

function translateInPlace(data: Uint8Array, table: Uint8Array): void {
  for (let i = 0; i < data.length; i++) data[i] = table[data[i]!]!;
}

function overlapOf(own: LabelMap, other: LabelMap | undefined): LabelOverlap {
  const counts = { own: new Float64Array(256), other: new Float64Array(256), both: new Float64Array(256) }; // prettier-ignore
  const isSame = other?.width === own.width && other.height === own.height;
  for (let i = 0; i < own.data.length; i++) {
    const label = own.data[i]!;
    if (label === ignoreIndex) continue;
    counts.own[label]!++;
    if (!isSame) continue;
    const drafted = other.data[i]!;
    counts.other[drafted]!++;
    if (drafted === label) counts.both[label]!++;
  }
  return counts;
}
