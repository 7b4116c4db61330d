import { fusions, normFusion } from "./kernel-fusions.ts";
import { GraphReaders } from "./graph-readers.ts";
import { rewrite } from "./rewrite.ts";
import { topological } from "./topological.ts";
import { type Node, type Tensor, nodes, resolve } from "./tensor.ts";

/** Operators that start no kernel on a GPU: their output is the memory of their input. */
const renames = new Set(["Reshape", "Identity"]);

/** Number of operators by name that start kernels on a GPU, at least one each. */
export function kernelCounts(outputs: readonly Tensor[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { operator } of topological(outputs))
    if (!renames.has(operator!)) counts[operator!] = (counts[operator!] ?? 0) + 1;
  return counts;
}

/**
 * The same graph in fewer operators, for GPUs, which take longer to start a kernel than to compute a small one. Some sums are
 * added in another order than in the plain graph, so results differ by rounding. For static sizes; the new nodes have no
 * gradients.
 */
export function fewerKernels<Name extends string>(
  outputs: Readonly<Record<Name, Tensor>>,
): Record<Name, Tensor> {
  const readers = new GraphReaders(Object.values<Tensor>(outputs));
  const twins = new Twins();
  const done = new Map<Tensor, Tensor>();
  const place = {
    readers,
    current: (tensor: Tensor): Tensor => done.get(resolve(tensor)) ?? tensor,
    once: (made: Tensor): Tensor => twins.of(made),
  };
  const keep = (original: Node, made: readonly Tensor[]): readonly Tensor[] => {
    original.outputs.forEach((t, i) => done.set(t, made[i]!));
    return made;
  };
  const copied = (original: Node, inputs: readonly (Tensor | null)[]): readonly Tensor[] => {
    const { operator, domain, attributes } = original;
    const shapes = original.outputs.map(({ shape }) => shape);
    const { dtype } = original.outputs[0]!;
    return nodes(operator!, inputs, shapes, null, { domain, attributes, dtype });
  };
  const norms = normFusion(place);
  return rewrite(outputs, {
    node: (original, inputs) => {
      const fused =
        norms.sum(original, inputs) ??
        fusions.reduce<Tensor | null>((t, fuse) => t ?? fuse(original, inputs, place), null);
      return keep(original, [twins.of(fused ?? copied(original, inputs)[0]!)])[0]!;
    },
    nodes: (original, inputs) =>
      keep(
        original,
        norms.norm(original, inputs) ?? twins.allOf(copied(original, inputs) as [Tensor]),
      ),
  });
}

/** Computes equal operators of equal inputs once. */
class Twins {
  private readonly numbers = new Map<Tensor | string, number>();
  private readonly known = new Map<string, readonly Tensor[]>();

  of(tensor: Tensor): Tensor {
    const { source } = tensor;
    return source.kind === "node" ? this.allOf(source.node.outputs)[source.index]! : tensor;
  }

  /** @param made all outputs of an operator */
  allOf(made: readonly Tensor[]): readonly Tensor[] {
    const { source } = made[0]!;
    if (source.kind !== "node") return made;
    const { operator, domain, attributes, inputs } = source.node;
    const read = inputs.map((t) => this.numberOf(t)).join();
    const key = `${domain} ${operator} ${JSON.stringify(attributes)} ${read}`;
    const twin = this.known.get(key);
    if (!twin) this.known.set(key, made);
    return twin ?? made;
  }

  /** A number for each tensor, one for all equal small constants. */
  private numberOf(tensor: Tensor | null): number {
    if (!tensor) return -1;
    const t = resolve(tensor);
    const { source } = t;
    const isSmall = source.kind === "constant" && source.value.data.length <= 16;
    const key = isSmall ? `${t.dtype}[${t.shape.join()}]${source.value.data.join()}` : t;
    let number = this.numbers.get(key);
    if (number === undefined) this.numbers.set(key, (number = this.numbers.size));
    return number;
  }
}
