import { nodeRuntime } from "../src/node/runtime.ts";
import { NetworkState } from "../src/train/network-state.ts";
import { Stepper } from "../src/train/step.ts";
import { networkOf } from "../src/train/trainer.ts";
import { classCount, randomBatch, recipe, type Configuration } from "./configurations.ts";
import { watchForeignLoad } from "./foreign-load.ts";
import { timedRuntime } from "./timed-runtime.ts";

export interface MeasureOptions {
  /** Steps to measure. */
  readonly runs: number;
  /** Threads inside an operator. */
  readonly threads: number;
}

/** What one process measured. */
export interface Measurement {
  /** Number of learned values. */
  readonly parameters: number;
  /** Seconds of each measured step; the parts add up to the whole, but for what lies between them. */
  readonly seconds: {
    readonly forwardBackward: readonly number[];
    readonly cam: readonly number[];
    readonly labels: readonly number[];
    readonly optimizer: readonly number[];
    readonly step: readonly number[];
    /** Of all sessions together, once a process. */
    readonly sessionCreation: readonly number[];
    /** The first step: it builds the graphs and creates the sessions. */
    readonly firstStep: readonly number[];
  };
  /** Peak resident memory of this process, bytes. */
  readonly peakRss: number;
  /** Cores that other processes kept busy meanwhile: what slowed this down, if not near 0. */
  readonly foreignLoad: number;
}

const seed = 1;
/** Steps after the first that are not measured: memory and caches settle. */
const settling = 1;

/** Trains random weights on noise with the trainer's own step, in this process. */
export async function measure(
  configuration: Configuration,
  { runs, threads }: MeasureOptions,
): Promise<Measurement> {
  const now = (): number => performance.now() / 1000;
  const config = recipe(configuration);
  const classes = Array.from({ length: classCount }, (_, i) => `class ${i}`);
  const network = networkOf(config, classes);
  const state = new NetworkState(network, config.train);
  state.load(network.initialize(seed));
  const created: number[] = [];
  const runtime = timedRuntime(nodeRuntime({ threads }), now, created);
  const stepper = new Stepper(runtime, network, state, config, now);
  const batch = randomBatch(configuration, seed);

  const others = watchForeignLoad(now);
  const first = await stepper.run(1, batch);
  const measured: (typeof first)["seconds"][] = [];
  for (let i = 0; i < settling + runs; i++) {
    const { seconds } = await stepper.run(2 + i, batch);
    if (i >= settling) measured.push(seconds);
  }
  const peakRss = process.resourceUsage().maxRSS * 1024;
  const foreignLoad = others();
  await stepper.release();
  return {
    parameters: network.size,
    seconds: {
      forwardBackward: measured.map(({ network: seconds }) => seconds),
      cam: measured.map(({ cam }) => cam),
      labels: measured.map(({ labels }) => labels),
      optimizer: measured.map(({ optimizer }) => optimizer),
      step: measured.map(({ total }) => total),
      sessionCreation: [created.reduce((sum, seconds) => sum + seconds, 0)],
      firstStep: [first.seconds.total],
    },
    peakRss,
    foreignLoad,
  };
}
