import { type Node, type Tensor, resolve } from "./tensor.ts";

/**
 * Nodes that the outputs depend on, each after those whose outputs it reads.
 * @param lookAt which tensor to follow instead of one; by default, the inner tensors of composites
 */
export function topological(
  outputs: readonly Tensor[],
  lookAt: (tensor: Tensor) => Tensor = resolve,
): Node[] {
  const order: Node[] = [];
  const seen = new Set<Node>();
  // No recursion: a gradient graph is thousands of nodes deep.
  const stack: { node: Node; next: number }[] = [];
  const push = (tensor: Tensor | null): void => {
    const source = tensor && lookAt(tensor).source;
    if (source?.kind !== "node" || seen.has(source.node)) return;
    seen.add(source.node);
    stack.push({ node: source.node, next: 0 });
  };
  for (const output of outputs) {
    push(output);
    while (stack.length > 0) {
      const top = stack.at(-1)!;
      if (top.next < top.node.inputs.length) push(top.node.inputs[top.next++]!);
      else order.push(stack.pop()!.node);
    }
  }
  return order;
}
