import type { MaskServerOptions } from "../../../jobs/serve-masks.ts";
import type { InstanceKind } from "../../../method/images/regions.ts";
import type { SentError } from "../child-process.ts";

/** The mask that is wanted of an image, and how Label Studio names what it shows. */
export interface MaskWork {
  readonly name: string;
  readonly bytes: Uint8Array;
  /** Classes from 0 that the mask is limited to; null if they are not known. */
  readonly tags: readonly number[] | null;
  /** Label of each class of the model; classes without one are left out. */
  readonly labels: readonly (string | undefined)[];
  /** The unit that becomes a result. */
  readonly instances: InstanceKind;
  readonly task: string | number;
  readonly from: string;
  readonly to: string;
}

export interface MaskAnswer {
  readonly score: number;
  /** The results, each in JSON. */
  readonly results: readonly string[];
}

/** The model that makes the masks. */
export interface ModelFacts {
  readonly classes: readonly string[];
  /** Name of the model and of what its masks depend on, new whenever that changes. */
  readonly version: string;
  readonly device: string;
  /** Masks that are made at the same time. */
  readonly lanes: number;
}

/** What the process that makes masks is sent, and what it answers. */
export type ToMasks =
  | { readonly type: "open"; readonly options: MaskServerOptions }
  | { readonly type: "mask"; readonly id: number; readonly work: MaskWork };
export type FromMasks =
  | { readonly type: "opened"; readonly facts: ModelFacts }
  | { readonly type: "failed"; readonly error: SentError }
  | { readonly type: "made"; readonly id: number; readonly answer: MaskAnswer }
  | { readonly type: "refused"; readonly id: number; readonly error: SentError };
