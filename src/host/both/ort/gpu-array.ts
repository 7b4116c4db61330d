import { type DeviceArray, type DType, sizeOf } from "../../../engine/graph/index.ts";

/** What ONNX Runtime tells of an output in the memory of a GPU, in Node and in browsers. */
export interface GpuOutput {
  readonly type: string;
  readonly dims: readonly number[];
  /** A WebGPU buffer in browsers, a handle of ONNX Runtime's own in Node. */
  readonly gpuBuffer: unknown;
}

/** A buffer of the GPU, shared by all arrays that are reshapes of one another, and freed once. */
class GpuBuffer {
  private freed = false;

  constructor(
    private readonly output: GpuOutput,
    private readonly release: () => void,
  ) {}

  get handle(): unknown {
    if (this.freed) throw new Error("device array: used after it was freed");
    return this.output.gpuBuffer;
  }

  free(): void {
    if (this.freed) return;
    this.freed = true;
    this.release();
  }
}

/** An output of a session in the memory of a WebGPU device. */
export class GpuArray implements DeviceArray {
  private constructor(
    private readonly buffer: GpuBuffer,
    readonly dtype: DType,
    readonly shape: readonly number[],
  ) {}

  /** Takes an output over. @param release disposes of it; called once */
  static of(output: GpuOutput, release: () => void): GpuArray {
    return new GpuArray(new GpuBuffer(output, release), output.type as DType, output.dims);
  }

  /** The buffer, for a tensor that is fed; an Error once it is freed. */
  get handle(): unknown {
    return this.buffer.handle;
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
}
