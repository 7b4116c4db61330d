import type { Feeds, NdArray, Runtime, Session } from "../../engine/graph/index.ts";
import { PairwiseSum } from "../../engine/pairwise-sum.ts";
import { gradientless, type Learner, type PassResults } from "./learner.ts";
import type { Exchange } from "../../host/exchange.ts";
import type { NetworkState } from "./network-state.ts";
import type { Rates } from "./optimizer.ts";
import type { StepGraph } from "./step-graph.ts";

/**
 * Trains in host memory: sessions read weights from the arrays of the state and write gradients into them without
 * copying.
 */
export class HostLearner implements Learner {
  private compiled: { readonly graph: StepGraph; readonly session: Session } | null = null;
  private readonly sums = new PairwiseSum<Gradients>(accumulate);

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
    // Part 0 writes its gradients into the arrays that the optimizer reads, which become the sum of all.
    if (part === 0) this.sums.clear();
    for (const name of graph.gradients)
      fetches[`grad.${name}`] = part === 0 ? gradients[`grad.${name}`]! : null;
    const results = await session.run({ ...this.state.feeds, ...feeds }, fetches);
    await this.sums.add(part === 0 ? gradientsOf(graph, gradients) : gradientsOf(graph, results));
    return results;
  }

  async total(exchange: Exchange): Promise<void> {
    await this.sums.total();
    await exchange.sum(this.state.optimizer.allGradients);
  }

  async update(rates: Rates): Promise<string[]> {
    return this.state.optimizer.step(rates);
  }

  async download(): Promise<void> {}

  async rest(): Promise<void> {
    const { compiled } = this;
    this.compiled = null;
    this.sums.clear();
    await compiled?.session.release();
  }

  async release(): Promise<void> {
    await this.rest();
  }
}

/** Gradients by parameter. */
type Gradients = ReadonlyMap<string, Float32Array>;

function gradientsOf(
  { gradients }: StepGraph,
  arrays: Readonly<Record<string, NdArray>>,
): Gradients {
  return new Map(gradients.map((name) => [name, arrays[`grad.${name}`]!.data as Float32Array]));
}

/** Adds gradients to the sum of earlier parts. */
function accumulate(sums: Gradients, addends: Gradients): Gradients {
  for (const [name, sum] of sums) {
    const addend = addends.get(name)!;
    for (let i = 0; i < sum.length; i++) sum[i]! += addend[i]!;
  }
  return sums;
}
