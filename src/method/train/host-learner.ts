import type { Feeds, NdArray, Runtime, Session } from "../../engine/graph/index.ts";
import { gradientless, type Learner, type PassResults } from "./learner.ts";
import type { NetworkState } from "./network-state.ts";
import type { Rates } from "./optimizer.ts";
import type { StepGraph } from "./step-graph.ts";

/**
 * Trains in host memory: sessions read weights from the arrays of the state and write gradients into them without
 * copying.
 */
export class HostLearner implements Learner {
  private compiled: { readonly graph: StepGraph; readonly session: Session } | null = null;

  constructor(
    private readonly runtime: Runtime,
    private readonly state: NetworkState,
  ) {}

  async begin(): Promise<void> {}

  async prepare(graph: StepGraph): Promise<void> {
    await this.rest();
    for (const name of gradientless(graph, this.state))
      this.state.optimizer.gradients[name]!.fill(0);
    const session = await this.runtime.createSession(graph.model, { whole: true });
    this.compiled = { graph, session };
  }

  async pass(feeds: Feeds, part: number): Promise<PassResults> {
    const { graph, session } = this.compiled!;
    const { gradients } = this.state;
    const fetches: Record<string, NdArray | null> = {};
    for (const name of Object.keys(graph.outputs)) fetches[name] = null;
    // Part 0 writes its gradients into the arrays that the optimizer reads; the others are added to them below.
    for (const name of graph.gradients)
      fetches[`grad.${name}`] = part === 0 ? gradients[`grad.${name}`]! : null;
    const results = await session.run({ ...this.state.feeds, ...feeds }, fetches);
    if (part > 0) for (const name of graph.gradients) accumulate(gradients, results, name);
    return results;
  }

  async update(rates: Rates): Promise<string[]> {
    return this.state.optimizer.step(rates);
  }

  async download(): Promise<void> {}

  async rest(): Promise<void> {
    const { compiled } = this;
    this.compiled = null;
    await compiled?.session.release();
  }

  async release(): Promise<void> {
    await this.rest();
  }
}

/** Adds the gradient of a parameter to the sum so far. */
function accumulate(
  gradients: Readonly<Record<string, NdArray>>,
  results: Readonly<Record<string, NdArray>>,
  name: string,
): void {
  const sum = gradients[`grad.${name}`]!.data as Float32Array;
  const addend = results[`grad.${name}`]!.data as Float32Array;
  for (let i = 0; i < sum.length; i++) sum[i]! += addend[i]!;
}
