import { topological } from "./topological.ts";
import { type Node, resolve, Tensor } from "./tensor.ts";

/** Functions that replace inputs and nodes of a graph. */
export interface Replacements {
  /** Replacement of a graph input, or null to keep it. */
  readonly input?: (tensor: Tensor, name: string) => Tensor | null;
  /** Replacement of a node's only output, or null to keep it. @param inputs inputs of the node after rewriting */
  readonly node?: (original: Node, inputs: readonly (Tensor | null)[]) => Tensor | null;
  /** The same for a node with several outputs: replacements of all of them. */
  readonly nodes?: (original: Node, inputs: readonly (Tensor | null)[]) => readonly Tensor[] | null;
}

/** The same graph with some inputs and nodes replaced, for inference: rewritten nodes have no gradient. */
export function rewrite<Name extends string>(
  outputs: Readonly<Record<Name, Tensor>>,
  { input = () => null, node = () => null, nodes = () => null }: Replacements,
): Record<Name, Tensor> {
  const replacements = new Map<Tensor, Tensor>();
  const rewritten = (tensor: Tensor): Tensor => {
    const t = resolve(tensor);
    const known = replacements.get(t);
    if (known) return known;
    const replacement = t.source.kind === "input" ? (input(t, t.source.name) ?? t) : t;
    replacements.set(t, replacement);
    return replacement;
  };
  for (const original of topological(Object.values<Tensor>(outputs))) {
    const inputs = original.inputs.map((t) => t && rewritten(t));
    const single = original.outputs.length === 1 ? node(original, inputs) : null;
    const replaced = single
      ? [single]
      : original.outputs.length > 1
        ? nodes(original, inputs)
        : null;
    if (replaced) replaced.forEach((t, i) => replacements.set(original.outputs[i]!, t));
    else if (inputs.some((t, i) => t !== (original.inputs[i] && resolve(original.inputs[i]))))
      copy(original, inputs).forEach((t, i) => replacements.set(original.outputs[i]!, t));
  }
  const named = Object.entries<Tensor>(outputs).map(([name, t]) => [name, rewritten(t)]);
  return Object.fromEntries(named) as Record<Name, Tensor>;
}

/** A copy of a node with other inputs. */
function copy(original: Node, inputs: readonly (Tensor | null)[]): readonly Tensor[] {
  const twin: Node = { ...original, inputs, outputs: [], backward: null };
  original.outputs.forEach(({ shape, dtype }, index) =>
    twin.outputs.push(new Tensor(shape, dtype, { kind: "node", node: twin, index })),
  );
  return twin.outputs;
}
