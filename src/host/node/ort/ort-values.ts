import type * as ort from "onnxruntime-node";
import {
  type DeviceArray,
  type DType,
  type Feed,
  type Feeds,
  type NdArray,
  sizeOf,
} from "../../../engine/graph/index.ts";
import { nativeOrt } from "./load-ort.ts";

/** A buffer of the device, shared by all arrays that are reshapes of one another, and freed once. */
class GpuBuffer {
  private freed = false;

  constructor(
    private readonly tensor: ort.Tensor,
    private readonly whenFreed: () => void,
  ) {}

  /** ONNX Runtime's own handle; not a WebGPU object in Node. */
  get handle(): ort.Tensor.GpuBufferType {
    if (this.freed) throw new Error("device array: used after it was freed");
    return this.tensor.gpuBuffer;
  }

  free(): void {
    if (this.freed) return;
    this.freed = true;
    this.tensor.dispose();
    this.whenFreed();
  }
}

/** An output of a session in the memory of a WebGPU device. */
export class GpuArray implements DeviceArray {
  private constructor(
    private readonly buffer: GpuBuffer,
    readonly dtype: DType,
    readonly shape: readonly number[],
  ) {}

  /** Takes an output over. @param whenFreed called once */
  static of(output: ort.Tensor, whenFreed: () => void): GpuArray {
    return new GpuArray(new GpuBuffer(output, whenFreed), output.type as DType, output.dims);
  }

  reshape(shape: readonly number[]): GpuArray {
    if (sizeOf(shape) !== sizeOf(this.shape)) {
      throw new RangeError(
        `device array: [${this.shape}] has ${sizeOf(this.shape)} elements, [${shape}] has ${sizeOf(shape)}`,
      );
    }
    return new GpuArray(this.buffer, this.dtype, shape);
  }

  free(): void {
    this.buffer.free();
  }

  /** The array as a feed. Reading the data of this tensor would crash the process. */
  tensor(): ort.Tensor {
    return nativeOrt().Tensor.fromGpuBuffer(this.buffer.handle, {
      dataType: this.dtype as ort.Tensor.GpuBufferDataTypes,
      dims: this.shape,
    });
  }
}

/** Converts a value to a tensor of ONNX Runtime, which uses the array in place. */
export function toTensor(value: Feed): ort.Tensor {
  if (value instanceof GpuArray) return value.tensor();
  const { dtype, shape, data } = value as NdArray;
  const { Tensor } = nativeOrt();
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
