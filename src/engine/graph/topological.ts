import type { Node, Tensor } from "./tensor.ts";
import { resolve } from "./tensor.ts";

/**
 * The nodes that lead to these tensors, each after those it reads from.
 * @param lookAt the tensor to follow in place of another; without it, those inside of composites
 */
export function topological(
  outputs: readonly Tensor[],
  lookAt: (tensor: Tensor) => Tensor = resolve,
): Node[] {
  const order: Node[] = [];
  const seen = new Set<Node>();
  // No recursion: a gradient graph is thousands of nodes deep.
  const stack: { made: Node; next: number }[] = [];
  const push = (tensor: Tensor | null): void => {
    const source = tensor && lookAt(tensor).source;
    if (source?.kind !== "node" || seen.has(source.node)) return;
    seen.add(source.node);
    stack.push({ made: source.node, next: 0 });
  };
  for (const output of outputs) {
    push(output);
    while (stack.length > 0) {
      const top = stack.at(-1)!;
      if (top.next < top.made.inputs.length) push(top.made.inputs[top.next++]!);
      else order.push(stack.pop()!.made);
    }
  }
  return order;
}
