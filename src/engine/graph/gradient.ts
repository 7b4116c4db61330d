import { add } from "./elementwise.ts";
import { type Tensor, scalar } from "./tensor.ts";
import { topological } from "./topological.ts";

/**
 * Reverse-mode gradients, as more graph.
 * @param loss a scalar
 * @param parameters tensors to differentiate by; nothing is built for other tensors
 * @returns d loss / d parameter, in the parameters' order; null where the loss does not depend on one
 */
export function gradients(loss: Tensor, parameters: readonly Tensor[]): (Tensor | null)[] {
  if (loss.rank !== 0)
    throw new RangeError(`gradients: the loss must be a scalar, got [${loss.shape}]; sum it first`);
  const wanted = new Set(parameters);
  // Composites count as one node: their own gradient replaces that of their parts.
  const order = topological([loss], (tensor) => tensor);
  // Tensors that depend on a parameter.
  const live = new Set<Tensor>(wanted);
  for (const node of order) {
    if (node.backward && node.inputs.some((t) => t && live.has(t)))
      node.outputs.forEach((t) => live.add(t));
  }
  const sums = new Map<Tensor, Tensor>([[loss, scalar(1, loss.dtype)]]);
  for (const node of order.reverse()) {
    const dys = node.outputs.map((t) => sums.get(t) ?? null);
    if (!node.backward || dys.every((dy) => dy === null)) continue;
    const needs = node.inputs.map((t) => t !== null && live.has(t));
    if (!needs.includes(true)) continue;
    const parts = node.backward(dys, needs);
    node.inputs.forEach((t, i) => {
      const part = parts[i];
      if (!t || !part || !needs[i]) return;
      const sum = sums.get(t);
      sums.set(t, sum ? add(sum, part) : part);
    });
  }
  return parameters.map((t) => sums.get(t) ?? null);
}
