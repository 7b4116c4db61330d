import { add } from "./elementwise.ts";
import type { Node, Tensor } from "./tensor.ts";
import { scalar } from "./tensor.ts";

/**
 * Reverse-mode gradients, as more graph.
 * @param loss a scalar
 * @param parameters tensors to differentiate by; only what leads to them is built
 * @returns d loss / d parameter, in the parameters' order; null where the loss does not depend on one
 */
export function gradients(loss: Tensor, parameters: readonly Tensor[]): (Tensor | null)[] {
  if (loss.rank !== 0)
    throw new RangeError(`gradients: the loss must be a scalar, got [${loss.shape}]; sum it first`);
  const wanted = new Set(parameters);
  const order = topological(loss);
  // A node matters if one of its inputs leads to a parameter.
  const live = new Set<Tensor>(wanted);
  for (const made of order) {
    if (made.backward && made.inputs.some((t) => t && live.has(t)))
      made.outputs.forEach((t) => live.add(t));
  }
  const sums = new Map<Tensor, Tensor>([[loss, scalar(1, loss.dtype)]]);
  for (const made of order.reverse()) {
    const dys = made.outputs.map((t) => sums.get(t) ?? null);
    if (!made.backward || dys.every((dy) => dy === null)) continue;
    const needs = made.inputs.map((t) => t !== null && live.has(t));
    if (!needs.includes(true)) continue;
    const parts = made.backward(dys, needs);
    made.inputs.forEach((t, i) => {
      const part = parts[i];
      if (!t || !part || !needs[i]) return;
      const sum = sums.get(t);
      sums.set(t, sum ? add(sum, part) : part);
    });
  }
  return parameters.map((t) => sums.get(t) ?? null);
}

/** Nodes behind a tensor, each after everything it reads (composites count as one). */
function topological(root: Tensor): Node[] {
  const order: Node[] = [];
  const seen = new Set<Node>();
  const stack: { made: Node; next: number }[] = [];
  const visit = (t: Tensor | null): void => {
    if (t?.source.kind !== "node" || seen.has(t.source.node)) return;
    seen.add(t.source.node);
    stack.push({ made: t.source.node, next: 0 });
  };
  visit(root);
  while (stack.length > 0) {
    const top = stack.at(-1)!;
    if (top.next < top.made.inputs.length) visit(top.made.inputs[top.next++]!);
    else order.push(stack.pop()!.made);
  }
  return order;
}
