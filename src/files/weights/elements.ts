import type { DType, NdData } from "../../engine/graph/index.ts";
import { widenBfloat16, widenFloat16 } from "./half.ts";

/** Element types that weights are stored in. */
export type ElementType =
  | "float64"
  | "float32"
  | "float16"
  | "bfloat16"
  | "int64"
  | "int32"
  | "int16"
  | "int8"
  | "uint8"
  | "bool";

/** Storage of an element type, and the type that it is read as. */
export interface Element {
  readonly type: ElementType;
  readonly bytes: number;
  /** Name of the type in safetensors files. */
  readonly code: string;
  /** Type in memory: half precision and short integers are widened. */
  readonly dtype: DType;
  /** Reads little-endian bytes, aligned for the type, as numbers. */
  readonly read: (buffer: ArrayBufferLike, offset: number, length: number) => NdData;
}

// prettier-ignore
const list: readonly Element[] = [
  { type: "float64", bytes: 8, code: "F64", dtype: "float64", read: (b, o, n) => new Float64Array(b, o, n) },
  { type: "float32", bytes: 4, code: "F32", dtype: "float32", read: (b, o, n) => new Float32Array(b, o, n) },
  { type: "float16", bytes: 2, code: "F16", dtype: "float32", read: (b, o, n) => widenFloat16(new Uint16Array(b, o, n)) },
  { type: "bfloat16", bytes: 2, code: "BF16", dtype: "float32", read: (b, o, n) => widenBfloat16(new Uint16Array(b, o, n)) },
  { type: "int64", bytes: 8, code: "I64", dtype: "int64", read: (b, o, n) => new BigInt64Array(b, o, n) },
  { type: "int32", bytes: 4, code: "I32", dtype: "int32", read: (b, o, n) => new Int32Array(b, o, n) },
  { type: "int16", bytes: 2, code: "I16", dtype: "int32", read: (b, o, n) => Int32Array.from(new Int16Array(b, o, n)) },
  { type: "int8", bytes: 1, code: "I8", dtype: "int32", read: (b, o, n) => Int32Array.from(new Int8Array(b, o, n)) },
  { type: "uint8", bytes: 1, code: "U8", dtype: "uint8", read: (b, o, n) => new Uint8Array(b, o, n) },
  { type: "bool", bytes: 1, code: "BOOL", dtype: "bool", read: (b, o, n) => new Uint8Array(b, o, n) },
];

/** Element types by name. */
export const elements = Object.fromEntries(list.map((e) => [e.type, e])) as Readonly<
  Record<ElementType, Element>
>;

/** Element types by their name in safetensors files. */
export const elementsByCode: ReadonlyMap<string, Element> = new Map(list.map((e) => [e.code, e]));

/** Reads stored bytes as numbers; not copied where alignment allows. */
export function readElements(element: Element, bytes: Uint8Array): NdData {
  const length = bytes.length / element.bytes;
  return bytes.byteOffset % element.bytes === 0
    ? element.read(bytes.buffer, bytes.byteOffset, length)
    : element.read(bytes.slice().buffer, 0, length);
}

/** Reverses the bytes of each element in place: big-endian to little-endian. */
export function swapBytes(bytes: Uint8Array, size: number): Uint8Array {
  for (let start = 0; start < bytes.length; start += size) {
    for (let a = start, b = start + size - 1; a < b; a++, b--) {
      [bytes[a], bytes[b]] = [bytes[b]!, bytes[a]!];
    }
  }
  return bytes;
}
