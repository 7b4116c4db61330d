import type * as ort from "onnxruntime-web";
import type { DType, Feeds, NdArray } from "../../../engine/graph/index.ts";
import { isOnDevice } from "../../../engine/graph/index.ts";
import { GpuArray } from "../../both/ort/gpu-array.ts";
import type { OrtWeb } from "./module.ts";

/** A tensor for each input of a session. */
export function toTensors(
  { Tensor }: OrtWeb,
  inputNames: readonly string[],
  feeds: Feeds,
): Record<string, ort.Tensor> {
  const tensors: Record<string, ort.Tensor> = {};
  for (const name of inputNames) {
    const value = feeds[name];
    if (!value)
      throw new Error(
        `session: no value for input ${name}; there are values for ${Object.keys(feeds).join(", ")}`,
      );
    if (value instanceof GpuArray)
      tensors[name] = Tensor.fromGpuBuffer(value.handle as ort.Tensor.GpuBufferType, {
        dataType: value.dtype as ort.Tensor.GpuBufferDataTypes,
        dims: value.shape,
      });
    else if (isOnDevice(value))
      throw new Error(
        `session: input ${name} is a device array of another runtime; feed one of this runtime, or an array in host memory`,
      );
    else {
      const { dtype, shape, data } = value;
      tensors[name] = new Tensor(dtype, data as Float32Array, [...shape]);
    }
  }
  return tensors;
}

export function toArray({ type, dims, data }: ort.Tensor): NdArray {
  return { dtype: type as DType, shape: dims, data: bitsOf(data) };
}

/** Writes an output into the caller's array, which must have its type and shape. */
export function copyInto(array: NdArray, result: ort.Tensor, name: string): NdArray {
  const { type, dims } = result;
  if (array.dtype !== type || String(array.shape) !== String(dims)) {
    throw new RangeError(
      `session: output ${name} is ${type} [${dims}], its array ${array.dtype} [${array.shape}]; ` +
        "pass an array of the output's type and shape, or null",
    );
  }
  (array.data as Float32Array).set(bitsOf(result.data) as Float32Array);
  return array;
}

/** Elements of a tensor; float16 as bits, even where the browser has a Float16Array. */
function bitsOf(data: ort.Tensor["data"]): NdArray["data"] {
  if (!ArrayBuffer.isView(data))
    throw new TypeError("session: an output holds strings; only numbers are supported");
  if (data.constructor.name !== "Float16Array") return data as NdArray["data"];
  return new Uint16Array(data.buffer, data.byteOffset, data.byteLength / 2);
}
