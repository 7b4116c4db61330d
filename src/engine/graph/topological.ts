import { type Node, type Tensor, resolve } from "./tensor.ts";

/**
 * Nodes that the outputs depend on, each after the nodes whose outputs it reads.
 * @param follow function from a tensor to the one whose origin is followed; by default to the inner tensors of
 * composites
 */
export function topological(
  outputs: readonly Tensor[],
  follow: (tensor: Tensor) => Tensor = resolve,
): Node[] {
  const order: Node[] = [];
  const seen = new Set<Node>();
  // Recursion would overflow: a gradient graph is thousands of nodes deep.
  const stack: { node: Node; next: number }[] = [];
  const push = (tensor: Tensor | null): void => {
    const source = tensor && follow(tensor).source;
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
