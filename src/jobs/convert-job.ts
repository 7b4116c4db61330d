import type { BoxRule, UnannotatedRule } from "../files/formats/boxes.ts";
import type { CocoShape, MaskFormat, MaskLayout } from "../files/formats/formats.ts";
import type { MaskFinding } from "../files/formats/label-counts.ts";
import type { LostDetail } from "../files/formats/lost-details.ts";
import type { Replaced } from "../files/formats/older-files.ts";
import type { InstanceKind } from "../method/images/regions.ts";
import type { ProgressEvent, SkippedEvent, StoppedEvent } from "./events.ts";
import type { ShardEvent, TaskDoneEvent, TaskEvent } from "./run-shards.ts";
import type { ShardTask, WaitingEvent } from "./shard-plan.ts";

export interface ConvertJob {
  /** Folder or file of the masks. */
  readonly masks: string;
  readonly to: readonly MaskFormat[];
  readonly out: string;
  /** Make only the shards of one task, in the folder `out`; a merge makes the whole of all shards. */
  readonly shards?: ShardTask;
  /** Format of the masks; recognized by default. */
  readonly from?: MaskFormat;
  /** Folder of the images that the masks belong to. */
  readonly images?: string;
  /** Class names, or a file of them. */
  readonly classes?: string;
  /** The masks have 0 and 255, and 255 is the one class. */
  readonly binary?: boolean;
  readonly instances: InstanceKind;
  /** Treatment of objects of which only the box is known; `ignore` by default. */
  readonly boxes?: BoxRule;
  /** Treatment of images without any annotation; `leave-out` by default. */
  readonly unannotated?: UnannotatedRule;
  readonly imageUrl?: string;
  /** Outlines of objects in COCO. */
  readonly shapes?: CocoShape;
  /** Tree of palette PNGs. */
  readonly layout?: MaskLayout;
  readonly overwrite?: boolean;
  /** Continue the unfinished conversion in the folder. */
  readonly resume?: boolean;
  /** Fail on the first mask that cannot be read instead of leaving it out. */
  readonly strict?: boolean;
}

/** What is told of a conversion besides its files. */
export interface ConversionFacts {
  readonly from: MaskFormat;
  readonly to: readonly MaskFormat[];
  /** Number of objects in the source, as far as its format has objects, without those of masks left out. */
  readonly objects: number;
  /** How the source was understood, one sentence each. */
  readonly notes: readonly string[];
  /** Reasons to doubt the masks. */
  readonly warnings: readonly MaskFinding[];
}

/** All masks have been converted. */
export interface ConvertDoneEvent extends ConversionFacts {
  readonly type: "done";
  readonly out: string;
  /** The file with the class names. */
  readonly classes: string;
  readonly masks: number;
  readonly skipped: number;
  /** Details that the formats could not hold; empty only if every object was counted again where it was written. */
  readonly lost: readonly LostDetail[];
  /** What became of the files of earlier jobs in the folder. */
  readonly replaced: Replaced;
}

/** A task was stopped; its masks that are finished are kept. */
export interface TaskStoppedEvent extends StoppedEvent {
  readonly out: string;
}

export type ConvertEvent =
  | {
      readonly type: "started";
      readonly of: number;
      /** Masks that an earlier part of the job finished, and whether they have to be read again for a format that is one file. */
      readonly finished: number;
      readonly rereads: boolean;
    }
  | ProgressEvent
  | SkippedEvent
  | (StoppedEvent & { readonly kept: number })
  /** What follows is of a task, which makes shards. */
  | TaskEvent
  | ShardEvent
  | WaitingEvent
  | TaskDoneEvent
  | TaskStoppedEvent
  | ConvertDoneEvent;
