export { addDim, divDim, isStatic, mulDim, staticShape } from "./dim.ts";
export * from "./elementwise.ts";
export * from "./shape-ops.ts";
export type { RowTable, Windows } from "./gather.ts";
export { gatherRows } from "./gather.ts";
export * from "./reduce.ts";
export * from "./matmul.ts";
export * from "./grid.ts";
export * from "./conv.ts";
export type { BlockedMaps } from "./blocked.ts";
export { blockedDepthwise3x3, blockedLinear, fromBlocked, toBlocked } from "./blocked.ts";
export * from "./norm.ts";
export * from "./resize.ts";
export { gradients } from "./gradient.ts";
export type { Int8Matrix, WeightProduct } from "./quantize.ts";
export { quantizeProducts, toInt8, weightProducts } from "./quantize.ts";
export { fewerKernels, kernelCounts } from "./fewer-kernels.ts";
export type { Replacements } from "./rewrite.ts";
export { rewrite } from "./rewrite.ts";
export type {
  Attribute,
  Attributes,
  Backward,
  Dim,
  Expression,
  Node,
  Shape,
  SymbolicDim,
} from "./tensor.ts";
export {
  composite,
  constant,
  constantOf,
  input,
  int64,
  scalar,
  stopGradient,
  Tensor,
} from "./tensor.ts";
export type { DType, NdArray, NdData } from "./ndarray.ts";
export { float32, sizeOf } from "./ndarray.ts";
export type { EncodeOptions, ModelOptions } from "./onnx.ts";
export type { EncodedModel } from "./onnx-messages.ts";
export { encodeModel, opset, writeModel } from "./onnx.ts";
export type { Operations } from "./flops.ts";
export { floatingPointOperations } from "./flops.ts";
export { largestBytes, peakBytes } from "./peak-bytes.ts";
export type {
  DeviceArray,
  DeviceResults,
  DeviceRuntime,
  DeviceSession,
  Feed,
  Feeds,
  Runtime,
  Session,
  RunOptions,
  SessionOptions,
} from "./session.ts";
export { hasMemory, isOnDevice } from "./session.ts";
export { transferModel } from "./transfer.ts";
