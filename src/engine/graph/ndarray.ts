/** Element types of the tensors used here. */
export type DType =
  "float32" | "float64" | "float16" | "int64" | "int32" | "int8" | "uint8" | "bool";

/** ONNX's number for each element type. */
export const onnxType: Readonly<Record<DType, number>> = {
  float32: 1,
  uint8: 2,
  int8: 3,
  int32: 6,
  int64: 7,
  bool: 9,
  float16: 10,
  float64: 11,
};

/** Data of an array; float16 numbers are stored as their bits. */
export type NdData =
  Float32Array | Float64Array | Uint16Array | BigInt64Array | Int32Array | Int8Array | Uint8Array;

/** Array of numbers with a shape, in row-major order. */
export interface NdArray {
  readonly dtype: DType;
  readonly shape: readonly number[];
  readonly data: NdData;
}

/** Number of elements of a shape. */
export function sizeOf(shape: readonly number[]): number {
  return shape.reduce((a, b) => a * b, 1);
}

/** A float32 array; a Float32Array is not copied. */
export function float32(
  shape: readonly number[],
  data: ArrayLike<number>,
): NdArray & { data: Float32Array } {
  const values = data instanceof Float32Array ? data : Float32Array.from(data);
  if (values.length !== sizeOf(shape)) {
    throw new RangeError(
      `float32: shape [${shape}] has ${sizeOf(shape)} elements, data has ${values.length}`,
    );
  }
  return { dtype: "float32", shape, data: values };
}
