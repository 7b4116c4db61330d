import { add } from "./elementwise.ts";
import { type Tensor, scalar } from "./tensor.ts";
import { topological } from "./topological.ts";

/**
 * Extends a graph by reverse-mode gradients.
 * @param loss a scalar
 * @param parameters tensors to differentiate with respect to; nothing is built for others
 * @returns d loss / d parameter for each parameter; null if the loss does not depend on it
 */
export function gradients(loss: Tensor, parameters: readonly Tensor[]): (Tensor | null)[] {
  if (loss.rank !== 0)
    throw new RangeError(`gradients: expected a scalar loss, found [${loss.shape}]; sum it first`);
  // Composites are single nodes here: their own gradient replaces those of their inner nodes.
  const order = topological([loss], (tensor) => tensor);
  // Tensors that depend on a parameter.
  const live = new Set<Tensor>(parameters);
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
