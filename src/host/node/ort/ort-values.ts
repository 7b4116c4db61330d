import * as ort from "onnxruntime-node";
import {
  type DeviceArray,
  type DType,
  type Feed,
  type Feeds,
  type NdArray,
  sizeOf,
} from "../../../engine/graph/index.ts";

/** A buffer of the device, freed once however many shapes it is known under. */
class GpuBuffer {
  private freed = false;

  constructor(
    private readonly tensor: ort.Tensor,
    private readonly whenFreed: () => void,
  ) {}

  /** ONNX Runtime's own handle; not a WebGPU object in Node. */
  get handle(): ort.Tensor.GpuBufferType {
    if (this.freed) throw new Error("device array: it was freed before");
    return this.tensor.gpuBuffer;
  }

  free(): void {
    if (this.freed) return;
    this.freed = true;
    this.tensor.dispose();
    this.whenFreed();
  }
}

/** What a session left in the memory of a WebGPU device. */
export class GpuArray implements DeviceArray {
  private constructor(
    private readonly buffer: GpuBuffer,
    readonly dtype: DType,
    readonly shape: readonly number[],
  ) {}

  /** Takes an output over. @param whenFreed is told once */
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

  /** As a feed. Its data cannot be asked for: the binding would end the process. */
  tensor(): ort.Tensor {
    return ort.Tensor.fromGpuBuffer(this.buffer.handle, {
      dataType: this.dtype as ort.Tensor.GpuBufferDataTypes,
      dims: this.shape,
    });
  }
}

/** Values as ONNX Runtime takes them; arrays are used in place. */
export function toTensor(value: Feed): ort.Tensor {
  if (value instanceof GpuArray) return value.tensor();
  const { dtype, shape, data } = value as NdArray;
  return new ort.Tensor(dtype, data as Float32Array, [...shape]);
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
  const given: Record<string, ort.Tensor> = {};
  for (const name of inputNames) {
    const value = feeds[name];
    if (!value)
      throw new Error(`session: input ${name} was not fed; got ${Object.keys(feeds).join(", ")}`);
    given[name] = toTensor(value);
  }
  return given;
}
