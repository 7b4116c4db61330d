import type { Config } from "../src/method/config.ts";
import { cropActivations } from "../src/method/inference/activations.ts";
import {
  floatingPointOperations,
  type Operations,
  type Tensor,
} from "../src/engine/graph/index.ts";
import type { Afa } from "../src/method/model/index.ts";
import type { Parameter } from "../src/engine/nn/index.ts";
import { stepTensors } from "../src/method/train/step-graph.ts";

/** The sessions of a training step: losses and gradients, and the activations that labels come from. */
export type SessionKind = "step" | "activations";

interface KnownGraph {
  readonly kind: SessionKind;
  readonly outputs: readonly string[];
  readonly operations: Operations;
}

/** Counts the operations of a training step's sessions by building their graphs once more, without ONNX Runtime. */
export class OperationCounter {
  private readonly graphs: readonly KnownGraph[];

  constructor(network: Afa, { model, data, pseudo }: Config, learned: readonly Parameter[]) {
    const step = stepTensors(network, {
      kind: "full",
      batch: data.batch,
      crop: data.crop,
      learned,
      dropPath: model.dropPath > 0,
      dropout: model.dropout > 0,
    });
    const activations = cropActivations(network, { scales: pseudo.scales, side: data.crop });
    this.graphs = [known("step", step.outputs), known("activations", activations)];
  }

  /** The kind of session that a run belongs to. @param outputs names of the outputs it computed */
  kind(outputs: readonly string[]): SessionKind {
    return this.graph(outputs).kind;
  }

  /** Operations of several runs of one kind of session. */
  of(kind: SessionKind, runs: number): Operations {
    const { matrix, total } = this.graphs.find((graph) => graph.kind === kind)!.operations;
    return { matrix: runs * matrix, total: runs * total };
  }

  private graph(outputs: readonly string[]): KnownGraph {
    const match = this.graphs.find((graph) => outputs.every((o) => graph.outputs.includes(o)));
    if (match) return match;
    throw new Error(
      `no graph has the outputs ${outputs.join(", ")}; add that session to bench/operations.ts`,
    );
  }
}

function known(kind: SessionKind, outputs: Readonly<Record<string, Tensor>>): KnownGraph {
  const operations = floatingPointOperations(Object.values(outputs));
  return { kind, outputs: Object.keys(outputs), operations };
}
