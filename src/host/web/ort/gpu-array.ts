import type * as ort from "onnxruntime-web";
import { type DeviceArray, type DType, sizeOf } from "../../../engine/graph/index.ts";
import type { OrtWeb } from "./module.ts";

/** A buffer of the GPU, shared by all arrays that are reshapes of one another, and freed once. */
class GpuBuffer {
  private freed = false;

  constructor(
    private readonly output: ort.Tensor,
    private readonly release: (output: ort.Tensor) => void,
  ) {}

  get handle(): ort.Tensor.GpuBufferType {
    if (this.freed) throw new Error("device array: used after it was freed");
    return this.output.gpuBuffer;
  }

  free(): void {
    if (this.freed) return;
    this.freed = true;
    this.release(this.output);
  }
}

/** An output of a session in the memory of a GPU. */
export class GpuArray implements DeviceArray {
  private constructor(
    private readonly module: OrtWeb,
    private readonly buffer: GpuBuffer,
    readonly dtype: DType,
    readonly shape: readonly number[],
  ) {}

  /** Takes an output over. @param release disposes of it; called once */
  static of(module: OrtWeb, output: ort.Tensor, release: (output: ort.Tensor) => void): GpuArray {
    const { type, dims } = output;
    return new GpuArray(module, new GpuBuffer(output, release), type as DType, dims);
  }

  reshape(shape: readonly number[]): GpuArray {
    if (sizeOf(shape) !== sizeOf(this.shape)) {
      throw new RangeError(
        `device array: [${this.shape}] has ${sizeOf(this.shape)} elements, [${shape}] has ${sizeOf(shape)}`,
      );
    }
    return new GpuArray(this.module, this.buffer, this.dtype, shape);
  }

  free(): void {
    this.buffer.free();
  }

  /** The array as a feed. */
  tensor(): ort.Tensor {
    return this.module.Tensor.fromGpuBuffer(this.buffer.handle, {
      dataType: this.dtype as ort.Tensor.GpuBufferDataTypes,
      dims: this.shape,
    });
  }
}
