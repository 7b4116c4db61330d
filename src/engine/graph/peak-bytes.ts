import { isStatic } from "./dim.ts";
import { type DType, sizeOf } from "./ndarray.ts";
import { topological } from "./topological.ts";
import { type Tensor, resolve } from "./tensor.ts";

const bytesOf: Readonly<Record<DType, number>> = {
  float32: 4,
  float64: 8,
  float16: 2,
  int32: 4,
  int64: 8,
  int8: 1,
  uint8: 1,
  bool: 1,
};

/** Operators whose output shares the memory of their first input. */
const renames = new Set(["Reshape", "Squeeze", "Unsqueeze", "Identity"]);

/** Operators that may overwrite an input of the same size after its last use. */
const inPlace = new Set(["Add", "Sub", "Mul", "Div", "Max", "Neg", "Exp", "Relu", "Sigmoid"]);

/**
 * Largest number of bytes that the values of a static graph occupy at once, if they are computed in the order of the
 * written graph and freed after their last use. Inputs and constants are not counted.
 */
export function peakBytes(outputs: readonly Tensor[]): number {
  const order = topological(outputs);
  const lastUse = new Map<Tensor, number>();
  order.forEach((node, i) => {
    for (const tensor of node.inputs) if (tensor) lastUse.set(storageOf(tensor), i);
  });
  for (const tensor of outputs) lastUse.set(storageOf(tensor), Infinity);
  let [live, peak] = [0, 0];
  order.forEach((node, i) => {
    const created = renames.has(node.operator!) ? [] : node.outputs.filter((t) => lastUse.has(t));
    const freed = [...new Set(node.inputs.flatMap((t) => (t ? [storageOf(t)] : [])))].filter(
      (t) => isComputed(t) && lastUse.get(t) === i,
    );
    const createdBytes = created.reduce((sum, t) => sum + size(t), 0);
    const freedBytes = freed.reduce((sum, t) => sum + size(t), 0);
    const reuses = inPlace.has(node.operator!) && freed.some((t) => size(t) === createdBytes);
    peak = Math.max(peak, live + (reuses ? 0 : createdBytes));
    live += createdBytes - freedBytes;
  });
  return peak;
}

/** Number of bytes of the largest value of a static graph, without inputs and constants. */
export function largestBytes(outputs: readonly Tensor[]): number {
  const values = topological(outputs).flatMap((node) => node.outputs);
  return values.reduce((most, t) => Math.max(most, size(t)), 0);
}

/** The tensor whose memory this one shares. */
function storageOf(tensor: Tensor): Tensor {
  let t = resolve(tensor);
  while (t.source.kind === "node" && renames.has(t.source.node.operator!)) {
    t = resolve(t.source.node.inputs[0]!);
  }
  return t;
}

function isComputed({ source }: Tensor): boolean {
  return source.kind === "node";
}

function size({ shape, dtype }: Tensor): number {
  if (!isStatic(shape)) {
    throw new RangeError(
      `memory: [${shape.map(String)}] has a symbolic size; give every axis a number`,
    );
  }
  return sizeOf(shape) * bytesOf[dtype];
}
