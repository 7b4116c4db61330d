import { type Node, type Tensor, resolve } from "./tensor.ts";
import { topological } from "./topological.ts";

/** Which operators of a graph read a tensor. */
export class GraphReaders {
  private readonly readers = new Map<Tensor, Node[]>();
  private readonly kept: ReadonlySet<Tensor>;

  constructor(outputs: readonly Tensor[]) {
    this.kept = new Set(outputs.map(resolve));
    for (const reader of topological(outputs)) {
      for (const input of reader.inputs) {
        if (!input) continue;
        const t = resolve(input);
        const all = this.readers.get(t);
        if (all) all.push(reader);
        else this.readers.set(t, [reader]);
      }
    }
  }

  of(tensor: Tensor): readonly Node[] {
    return this.readers.get(resolve(tensor)) ?? [];
  }

  /** Whether a tensor is an output of the graph. */
  isOutput(tensor: Tensor): boolean {
    return this.kept.has(resolve(tensor));
  }

  /** Whether a tensor is read once, and by the graph alone. */
  readOnce(tensor: Tensor): boolean {
    return !this.isOutput(tensor) && this.of(tensor).length === 1;
  }
}

/** The operator that computes a tensor, if it is of this kind. */
export function madeBy(tensor: Tensor | null | undefined, operator: string): Node | null {
  const source = tensor && resolve(tensor).source;
  return source?.kind === "node" && source.node.operator === operator ? source.node : null;
}

/** Whether two tensors are the same value. */
export function isSame(a: Tensor | null | undefined, b: Tensor | null | undefined): boolean {
  return !!a && !!b && resolve(a) === resolve(b);
}

/** The value of a constant of one element. */
export function numberOf(tensor: Tensor | null | undefined): number | null {
  const source = tensor && resolve(tensor).source;
  if (source?.kind !== "constant" || source.value.data.length !== 1) return null;
  return Number(source.value.data[0]);
}
