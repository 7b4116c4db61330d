/** What the method sees in an image, as one answer of the server. */
export interface Layers {
  readonly head: LayersHead;
  readonly parts: Readonly<Record<LayerName, Uint8Array>>;
}

/**
 * Maps have values 0..255 for 0..1, [count, height, width]; label maps have label i + 1 for class i, 255 for ignored.
 * - `cam` class activations of each tag, normalized as the method does (method 2.3), at the network's input size / 4
 * - `propagated` scores of background and each tag after the walk along the affinity, at the size of the tokens
 * - `refined` the same after PAR, at `cam`'s size
 * - `probabilities` of the segmentation for background and each tag, at `cam`'s size
 * - `pseudoLabel` [height, width] as the training would make it, with the model's thresholds, at the network's input size
 * - `pixels` [height, width, 3] the image itself at the network's input size, as PAR and the CRF see it
 * - `prediction` and `crf` [height, width] of the segmentation limited to the tags, before and after the CRF, at the input size
 */
export const layerNames = [
  "cam",
  "propagated",
  "refined",
  "probabilities",
  "pseudoLabel",
  "prediction",
  "crf",
  "pixels",
] as const;
export type LayerName = (typeof layerNames)[number];

export interface LayerShape {
  readonly count: number;
  readonly width: number;
  readonly height: number;
}

export interface LayersHead {
  /** Id of the model. */
  readonly model: string;
  /** Classes of the maps, ascending. */
  readonly tags: readonly number[];
  /** Size of the network's input, to which the image is resized. */
  readonly input: { readonly width: number; readonly height: number };
  /** Grid of the tokens of the affinity. */
  readonly tokens: { readonly width: number; readonly height: number };
  /** Settings that the pseudo label was made with. */
  readonly thresholds: { readonly low: number; readonly high: number; readonly radius: number };
  /** Settings of PAR that it was refined with. */
  readonly par: { readonly iterations: number; readonly dilations: readonly number[] };
  readonly shapes: Readonly<Record<LayerName, LayerShape>>;
}

/** The first four bytes; other ones than those of earlier layouts, which had no `par` and no `pixels`. */
const magic = 0x324c3254; // "T2L2"

/** Layout, little-endian: "T2L2", length of the head u32, the head as JSON, then the parts one after the other in the order of `layerNames`. */
export function encodeLayers({ head, parts }: Layers): Uint8Array<ArrayBuffer> {
  const text = new TextEncoder().encode(JSON.stringify(head));
  const bodies = layerNames.map((name) => parts[name]);
  const size = bodies.reduce((sum, { length }) => sum + length, 8 + text.length);
  const bytes = new Uint8Array(size);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, magic, true);
  view.setUint32(4, text.length, true);
  bytes.set(text, 8);
  let at = 8 + text.length;
  for (const body of bodies) {
    bytes.set(body, at);
    at += body.length;
  }
  return bytes;
}

/** Reads what `encodeLayers` wrote; a RangeError says what is wrong with damaged bytes, or those of another layout. */
export function decodeLayers(bytes: Uint8Array): Layers {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.length < 8 || view.getUint32(0, true) !== magic) {
    throw new RangeError(
      "layers: the first bytes are not those of layers of this version; compute them again",
    );
  }
  const length = view.getUint32(4, true);
  const head = JSON.parse(new TextDecoder().decode(bytes.subarray(8, 8 + length))) as LayersHead;
  let at = 8 + length;
  const parts = layerNames.map((name) => {
    const { count, width, height } = head.shapes[name];
    const part = bytes.subarray(at, (at += count * width * height));
    return [name, part] as const;
  });
  if (at !== bytes.length) {
    throw new RangeError(`layers: ${bytes.length} bytes, but the head names ${at}`);
  }
  return { head, parts: Object.fromEntries(parts) as Record<LayerName, Uint8Array> };
}

/** Whether `decodeLayers` can read bytes that were stored, perhaps by an earlier version. */
export function areLayers(bytes: Uint8Array): boolean {
  try {
    return decodeLayers(bytes) !== undefined;
  } catch {
    return false;
  }
}
