import type { Feeds, NdArray } from "../../engine/graph/index.ts";
import type { Rates } from "./optimizer.ts";
import type { StepGraph } from "./step-graph.ts";

/** Losses, counts and batch statistics of a pass, by the names of the step's graph. */
export type PassResults = Readonly<Record<string, NdArray>>;

/** What computes a network's gradients and moves its weights by them. */
export interface Learner {
  /** Makes sure that graphs are fed with the state's present numbers. */
  begin(): Promise<void>;
  /** Compiles the graph of the passes to come. */
  prepare(graph: StepGraph): Promise<void>;
  /** Computes one part of a batch; gradients of the parts from 0 on are added up. */
  pass(feeds: Feeds, part: number): Promise<PassResults>;
  /** AdamW's step by the gradients there are, see `AdamW.step`. */
  update(rates: Rates, reached?: ReadonlySet<string>): Promise<string[]>;
  /** Brings weights and moments to the state's own arrays. */
  download(): Promise<void>;
  /** Frees the compiled graph. */
  rest(): Promise<void>;
  /** Frees everything; what was not downloaded is lost. */
  release(): Promise<void>;
}
