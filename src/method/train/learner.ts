import type { Feeds, NdArray } from "../../engine/graph/index.ts";
import type { Exchange } from "../../host/exchange.ts";
import type { NetworkState } from "./network-state.ts";
import type { Rates } from "./optimizer.ts";
import type { StepGraph } from "./step-graph.ts";

/** Losses, counts and batch statistics of a pass, by the names of the step's graph. */
export type PassResults = Readonly<Record<string, NdArray>>;

/** Computes the gradients of a network and updates its weights with them. */
export interface Learner {
  /** Makes the graphs use the current values of the state; called at the start of every step. */
  begin(): Promise<void>;
  /** Compiles the graph of the following passes. Parameters that it has no gradient of get a gradient of 0. */
  prepare(graph: StepGraph): Promise<void>;
  /** Computes one part of a batch; part 0 starts a new sum of gradients, the others add to it pairwise. */
  pass(feeds: Feeds, part: number): Promise<PassResults>;
  /** Completes the sum of gradients after the last part, over the parts of all processes. */
  total(exchange: Exchange): Promise<void>;
  /** Updates the weights from the sum of gradients, see `AdamW.step`. */
  update(rates: Rates): Promise<string[]>;
  /** Copies weights and moments to the arrays of the state. */
  download(): Promise<void>;
  /** Frees the compiled graph. */
  rest(): Promise<void>;
  /** Frees everything; weights that were not downloaded are lost. */
  release(): Promise<void>;
}

/** Names of the learned parameters that a graph has no gradient of, because its loss does not depend on them. */
export function gradientless(graph: StepGraph, { learned }: NetworkState): string[] {
  const computed = new Set(graph.gradients);
  return learned.map(({ name }) => name).filter((name) => !computed.has(name));
}
