import type { DeviceName } from "../../host/devices.ts";
import type { ShardTask } from "../../jobs/shard-plan.ts";
import type { ViewOptions } from "../options.ts";

/** Options common to all kinds of evaluation. */
export interface EvalOutOptions {
  /** Folder for scores and pictures. */
  readonly out?: string;
  readonly overwrite?: boolean;
  readonly resume?: boolean;
  /** Images on the page of the worst. */
  readonly worst: number;
  /** The task of several that divide the images between them. */
  readonly shards?: ShardTask;
}

/** Options of the evaluation of a model. */
export interface EvalModelOptions extends EvalOutOptions, ViewOptions {
  readonly model: string;
  readonly device: DeviceName;
  readonly data: string;
  readonly split: string;
  readonly cam: boolean;
}

/** Options of the comparison of two folders of masks. */
export interface EvalMasksOptions extends EvalOutOptions {
  readonly masks: string;
  readonly truth: string;
  readonly classes?: string;
  readonly list?: string;
}
