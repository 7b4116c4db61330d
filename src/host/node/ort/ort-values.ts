import type * as ort from "onnxruntime-node";
import type { DType, Feed, Feeds, NdArray } from "../../../engine/graph/index.ts";
import { GpuArray } from "../../both/ort/gpu-array.ts";
import { nativeOrt } from "./load-ort.ts";

/** Converts a value to a tensor of ONNX Runtime, which uses the array in place. */
export function toTensor(value: Feed): ort.Tensor {
  const { Tensor } = nativeOrt();
  if (value instanceof GpuArray) {
    // Reading the data of this tensor would crash the process.
    return Tensor.fromGpuBuffer(value.handle as ort.Tensor.GpuBufferType, {
      dataType: value.dtype as ort.Tensor.GpuBufferDataTypes,
      dims: value.shape,
    });
  }
  const { dtype, shape, data } = value as NdArray;
  return new Tensor(dtype, data as Float32Array, [...shape]);
}

export function toArray(tensor: ort.Tensor): NdArray {
  return {
    dtype: tensor.type as DType,
    shape: tensor.dims,
    data: tensor.data as NdArray["data"],
  };
}

/** A tensor for each input of a session. */
export function toTensors(inputNames: readonly string[], feeds: Feeds): Record<string, ort.Tensor> {
  const tensors: Record<string, ort.Tensor> = {};
  for (const name of inputNames) {
    const value = feeds[name];
    if (!value)
      throw new Error(
        `session: input ${name} has no feed; feeds: ${Object.keys(feeds).join(", ")}`,
      );
    tensors[name] = toTensor(value);
  }
  return tensors;
}
