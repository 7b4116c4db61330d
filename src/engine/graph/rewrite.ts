import { topological } from "./topological.ts";
import type { Node } from "./tensor.ts";
import { resolve, Tensor } from "./tensor.ts";

export interface Replacements {
  /** What takes the place of a graph input, or null to leave it. */
  readonly input?: (tensor: Tensor, name: string) => Tensor | null;
  /** What takes the place of a node's only output, or null to leave it. @param inputs rewritten already */
  readonly node?: (made: Node, inputs: readonly (Tensor | null)[]) => Tensor | null;
}

/** The same graph with some of its parts replaced, for inference: what was rewritten has no gradient. */
export function rewrite<Name extends string>(
  outputs: Readonly<Record<Name, Tensor>>,
  { input = () => null, node = () => null }: Replacements,
): Record<Name, Tensor> {
  const known = new Map<Tensor, Tensor>();
  const rewritten = (tensor: Tensor): Tensor => {
    const t = resolve(tensor);
    const other = known.get(t);
    if (other) return other;
    const made = t.source.kind === "input" ? (input(t, t.source.name) ?? t) : t;
    known.set(t, made);
    return made;
  };
  for (const made of topological(Object.values<Tensor>(outputs))) {
    const inputs = made.inputs.map((t) => t && rewritten(t));
    const other = made.outputs.length === 1 ? node(made, inputs) : null;
    if (other) known.set(made.outputs[0]!, other);
    else if (inputs.some((t, i) => t !== (made.inputs[i] && resolve(made.inputs[i]))))
      copy(made, inputs).forEach((t, i) => known.set(made.outputs[i]!, t));
  }
  const named = Object.entries<Tensor>(outputs).map(([name, t]) => [name, rewritten(t)]);
  return Object.fromEntries(named) as Record<Name, Tensor>;
}

function copy(made: Node, inputs: readonly (Tensor | null)[]): readonly Tensor[] {
  const twin: Node = { ...made, inputs, outputs: [], backward: null };
  made.outputs.forEach(({ shape, dtype }, index) =>
    twin.outputs.push(new Tensor(shape, dtype, { kind: "node", node: twin, index })),
  );
  return twin.outputs;
}
