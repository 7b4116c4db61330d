import { type NdArray, sizeOf } from "../../engine/graph/index.ts";
import { elements, readElements } from "./elements.ts";
import {
  emptyRecord,
  encodeHeader,
  headerLength,
  inFileOrder,
  parseHeader,
} from "./safetensors-header.ts";
import type { ByteSource } from "../../host/byte-source.ts";
import type { StoredTensor, WeightsFile } from "./weights-file.ts";

/** Content of a safetensors file. Both records have no prototype, so any name is safe to look up. */
export interface TensorFile {
  readonly tensors: Record<string, NdArray>;
  readonly metadata: Record<string, string>;
}

/**
 * A safetensors file in pieces, to be written in sequence: a header, then the memory of each tensor, not copied.
 * Tensors are ordered by element size, largest first, then by name, so that all are aligned and equal tensors always
 * give equal bytes.
 */
export function encodeSafetensors(
  tensors: Readonly<Record<string, NdArray>>,
  metadata: Readonly<Record<string, string>> = {},
): Uint8Array[] {
  const entries = inFileOrder(
    Object.entries(tensors).map(([name, { dtype, shape, data }]) => {
      if (sizeOf(shape) !== data.length) {
        throw new RangeError(
          `safetensors: "${name}" of shape [${shape}] needs ${sizeOf(shape)} elements, its data has ${data.length}`,
        );
      }
      return { name, element: elements[dtype], shape, data };
    }),
  );
  const chunks = entries.map(
    ({ data }) => new Uint8Array(data.buffer, data.byteOffset, data.byteLength),
  );
  return [encodeHeader(entries, metadata), ...chunks];
}

/**
 * Tensors and metadata of a safetensors file, in which nothing is trusted; half precision is widened to float32.
 * Tensors are views into `bytes` where alignment allows.
 * @param source the file's name, for messages
 */
export function decodeSafetensors(bytes: Uint8Array, source = "safetensors"): TensorFile {
  const start = 8 + headerLength(bytes, bytes.length, source);
  const { spans, metadata } = parseHeader(bytes.subarray(8, start), bytes.length - start, source);
  const tensors: Record<string, NdArray> = emptyRecord();
  for (const { name, element, shape, begin, end } of spans) {
    const data = readElements(element, bytes.subarray(start + begin, start + end));
    tensors[name] = { dtype: element.dtype, shape, data };
  }
  return { tensors, metadata };
}

/** A safetensors file in pieces; each tensor is read only when its turn comes. Element types are kept. */
export async function* streamSafetensors(
  tensors: readonly StoredTensor[],
  metadata: Readonly<Record<string, string>> = {},
): AsyncGenerator<Uint8Array, void> {
  const entries = inFileOrder(tensors);
  yield encodeHeader(entries, metadata);
  for (const { read } of entries) yield await read();
}

/** Opens a safetensors file: reads its header at once and tensors on demand. */
export async function openSafetensors(source: ByteSource): Promise<WeightsFile> {
  const first = await source.read(0, Math.min(8, source.size));
  const length = headerLength(first, source.size, source.name);
  const start = 8 + length;
  const json = await source.read(8, length);
  const { spans, metadata } = parseHeader(json, source.size - start, source.name);
  return {
    name: source.name,
    format: "safetensors",
    size: source.size,
    metadata,
    notes: [],
    tensors: spans.map(({ name, element, shape, begin, end }) => ({
      name,
      element,
      shape,
      read: () => source.read(start + begin, end - begin),
    })),
  };
}
