import {
  type BatchStatistics,
  type BlockedMaps,
  type Grid,
  type Tensor,
  type WholeBatch,
  batchNorm,
  batchNormInference,
  batchNormOfPart,
  blockedDepthwise3x3,
  conv2d,
  depthwise3x3,
  depthwise3x3Maps,
  layerNorm,
  linear,
} from "../graph/index.ts";
import { fanInUniform, normal, ones, zeros } from "./init.ts";
import { type Initializer, Parameter } from "./parameter.ts";

/** Linear layer, x · Wᵀ + b on rows. Without an initializer, it is initialized as in the encoder: std 0.02, bias 0. */
export class Linear {
  readonly weight: Parameter;
  readonly bias: Parameter;

  constructor(inputs: number, outputs: number, initializer?: Initializer) {
    this.weight = new Parameter([outputs, inputs], initializer ?? normal(0.02));
    this.bias = new Parameter([outputs], initializer ?? zeros);
  }

  /** @param x [rows, inputs] */
  forward(x: Tensor): Tensor {
    return linear(x, this.weight.tensor, this.bias.tensor);
  }
}

/** Convolution of a grid, initialized by fan-out as in the encoder. */
export class Conv2d {
  readonly weight: Parameter;
  readonly bias: Parameter;

  constructor(
    inputs: number,
    outputs: number,
    private readonly kernel: number,
    private readonly stride: number,
    private readonly padding: number,
  ) {
    this.weight = new Parameter(
      [outputs, inputs, kernel, kernel],
      normal(Math.sqrt(2 / (kernel * kernel * outputs))),
    );
    this.bias = new Parameter([outputs], zeros);
  }

  forward(x: Grid): Grid {
    const { kernel, stride, padding } = this;
    return conv2d(x, this.weight.tensor, this.bias.tensor, { kernel, stride, padding });
  }
}

/** Depthwise 3×3 convolution. */
export class DepthwiseConv {
  readonly weight: Parameter;
  readonly bias: Parameter;

  constructor(channels: number) {
    // fan_out = k²·C_out / groups = 9
    this.weight = new Parameter([channels, 1, 3, 3], normal(Math.sqrt(2 / 9)));
    this.bias = new Parameter([channels], zeros);
  }

  /**
   * @param x channel-major, [c, n·h·w]
   * @param block channels in a block of the runtime's own layout, which is faster; "gpu" for few operators
   */
  forward(x: Tensor, n: number, h: number, w: number, block?: number | "gpu"): Tensor {
    return depthwise3x3(x, this.weight.tensor, this.bias.tensor, n, h, w, block);
  }

  /** @param x [n, c, h, w], sizes may be symbolic; no gradient */
  forwardMaps(x: Tensor): Tensor {
    return depthwise3x3Maps(x, this.weight.tensor, this.bias.tensor);
  }

  /** Convolves maps in the runtime's own layout; no gradient. */
  forwardBlocked(x: BlockedMaps): BlockedMaps {
    return blockedDepthwise3x3(x, this.weight.tensor, this.bias.tensor);
  }
}

/** Layer normalization over the channels of each row. */
export class LayerNorm {
  readonly weight: Parameter;
  readonly bias: Parameter;

  constructor(
    channels: number,
    private readonly epsilon: number,
  ) {
    this.weight = new Parameter([channels], ones);
    this.bias = new Parameter([channels], zeros);
  }

  /** @param x [rows, channels] */
  forward(x: Tensor): Tensor {
    return layerNorm(x, this.weight.tensor, this.bias.tensor, this.epsilon);
  }
}

/** Batch normalization over rows. The running statistics are buffers, which the trainer updates. */
export class BatchNorm {
  readonly weight: Parameter;
  readonly bias: Parameter;
  readonly running_mean: Parameter;
  readonly running_var: Parameter;
  readonly num_batches_tracked: Parameter;

  constructor(
    channels: number,
    private readonly epsilon = 1e-5,
  ) {
    this.weight = new Parameter([channels], ones);
    this.bias = new Parameter([channels], zeros);
    this.running_mean = new Parameter([channels], zeros, false);
    this.running_var = new Parameter([channels], ones, false);
    this.num_batches_tracked = new Parameter([], zeros, false, "int64");
  }

  /** Training mode: normalizes by the statistics of the batch and returns them. @param x [rows, channels] */
  forwardTraining(x: Tensor): { y: Tensor; statistics: BatchStatistics } {
    return batchNorm(x, this.weight.tensor, this.bias.tensor, this.epsilon);
  }

  /** Training mode, a part of a batch: normalizes by the statistics of all of it. @param x [rows, channels] */
  forwardPart(x: Tensor, whole: WholeBatch): Tensor {
    return batchNormOfPart(x, this.weight.tensor, this.bias.tensor, this.epsilon, whole);
  }

  /** Evaluation mode: normalizes by the running statistics. @param x [rows, channels] */
  forward(x: Tensor): Tensor {
    const running = { mean: this.running_mean.tensor, variance: this.running_var.tensor };
    return batchNormInference(x, this.weight.tensor, this.bias.tensor, running, this.epsilon);
  }
}

/** Weight of a 1×1 convolution, [outputs, inputs, 1, 1], with PyTorch's default initialization. */
export function pointwiseWeight(inputs: number, outputs: number): Parameter {
  return new Parameter([outputs, inputs, 1, 1], fanInUniform(inputs));
}
