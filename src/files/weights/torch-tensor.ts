import { sizeOf } from "../../engine/graph/index.ts";
import { swapBytes } from "./elements.ts";
import type { ByteSource } from "../../host/byte-source.ts";
import type { TorchTensor } from "./torch-pickle.ts";

/**
 * Reads the elements of a strided view, row-major and little-endian, and no more of its storage than lies between its
 * first and its last element.
 */
export async function readStrided(
  storage: ByteSource,
  { offset, shape, strides, storage: { element } }: TorchTensor,
  bigEndian: boolean,
): Promise<Uint8Array> {
  const size = element.bytes;
  const count = sizeOf(shape);
  if (count === 0) return new Uint8Array(0);
  const span = shape.reduce((sum, n, axis) => sum + (n - 1) * strides[axis]!, 1);
  const bytes = await storage.read(offset * size, span * size);
  const dense = isContiguous(shape, strides) ? bytes : gather(bytes, size, shape, strides);
  // The bytes read may be a view of memory in use elsewhere, which must not change.
  return bigEndian ? swapBytes(dense === bytes ? bytes.slice() : dense, size) : dense;
}

function isContiguous(shape: readonly number[], strides: readonly number[]): boolean {
  let expected = 1;
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    if (shape[axis]! > 1 && strides[axis] !== expected) return false;
    expected *= shape[axis]!;
  }
  return true;
}

const words = { 1: Uint8Array, 2: Uint16Array, 4: Uint32Array, 8: BigUint64Array } as const;

/** Copies the elements of a view into row-major order. */
function gather(
  bytes: Uint8Array,
  size: number,
  shape: readonly number[],
  strides: readonly number[],
): Uint8Array {
  const aligned = bytes.byteOffset % size === 0 ? bytes : bytes.slice();
  const Words = words[size as keyof typeof words];
  const from = new Words(aligned.buffer as ArrayBuffer, aligned.byteOffset, aligned.length / size);
  const into = new Words(sizeOf(shape));
  const rank = shape.length;
  const index = new Array<number>(rank).fill(0);
  const length = shape[rank - 1]!;
  const step = strides[rank - 1]!;
  let rowStart = 0; // position in the storage
  for (let row = 0; row < into.length; row += length) {
    for (let i = 0; i < length; i++) into[row + i] = from[rowStart + i * step]!;
    for (let axis = rank - 2; axis >= 0; axis--) {
      rowStart += strides[axis]!;
      if (++index[axis]! < shape[axis]!) break;
      rowStart -= strides[axis]! * shape[axis]!;
      index[axis] = 0;
    }
  }
  return new Uint8Array(into.buffer);
}
