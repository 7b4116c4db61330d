import { type NdArray, sizeOf } from "../../engine/graph/index.ts";
import { readElements, type Element } from "./elements.ts";

/** A tensor of a file, read on demand. */
export interface StoredTensor {
  readonly name: string;
  readonly element: Element;
  readonly shape: readonly number[];
  /** Reads its elements, row-major and little-endian whatever their order in the file. */
  readonly read: () => Promise<Uint8Array>;
}

/** An opened weights file and its list of tensors, which are read on demand. */
export interface WeightsFile {
  /** Name in messages. */
  readonly name: string;
  readonly format: string;
  /** Size of the file in bytes. */
  readonly size: number;
  readonly tensors: readonly StoredTensor[];
  /** Texts beside the tensors; only safetensors files have any. */
  readonly metadata: Readonly<Record<string, string>>;
  /** Ignored contents of the file, in sentences. */
  readonly notes: readonly string[];
}

/** Reads a tensor; half precision is widened to float32, short integers to int32. */
export async function readTensor({ element, shape, read }: StoredTensor): Promise<NdArray> {
  return { dtype: element.dtype, shape, data: readElements(element, await read()) };
}

/** Bytes of a tensor stored densely. */
export function storedBytes({ element, shape }: Pick<StoredTensor, "element" | "shape">): number {
  return sizeOf(shape) * element.bytes;
}
