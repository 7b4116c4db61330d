import type { Runtime } from "../engine/graph/index.ts";
import type { ImageCodec } from "../host/codec.ts";
import type { RuntimeOptions } from "../host/host.ts";
import type { TaskName } from "../host/workers.ts";
import type { LoadRequest } from "./data/load-item.ts";
import type { SceneOptions } from "./data/scenes.ts";
import type { CrfRequest } from "./refine/crf-task.ts";
import type { LabelRequest } from "./train/label-task.ts";

/** Services that a host provides to the thread of a task. */
export interface TaskHost {
  readonly codec: ImageCodec;
  runtime(options?: RuntimeOptions): Promise<Runtime>;
  /** Seconds from an arbitrary beginning. */
  now(): number;
}

/** The reply to a task, and the arrays in it that may move to the caller instead of being copied. */
export interface TaskReply {
  readonly reply: unknown;
  readonly transfer: readonly ArrayBufferView[];
}

/** Runs one task in a worker thread. The code of each kind is loaded with its first task. */
export async function doTask(task: TaskName, input: unknown, host: TaskHost): Promise<TaskReply> {
  switch (task) {
    case "loadItem": {
      const { loadItem } = await import("./data/load-item.ts");
      const reply = await loadItem(input as LoadRequest, host.codec);
      if ("broken" in reply) return { reply, transfer: [] };
      const { data, mask } = reply;
      return { reply, transfer: mask ? [data, mask] : [data] };
    }
    case "scene": {
      const { generateScene } = await import("./data/scenes.ts");
      const reply = generateScene(input as SceneOptions);
      return { reply, transfer: [reply.image.data, reply.mask.data] };
    }
    case "crf": {
      const { refineImage } = await import("./refine/crf-task.ts");
      const reply = refineImage(input as CrfRequest);
      return { reply, transfer: [reply.data] };
    }
    case "label": {
      const { makeLabels } = await import("./train/label-task.ts");
      const reply = await makeLabels(input as LabelRequest, host);
      const { seg, affinity } = reply.labels;
      return { reply, transfer: [seg.data, affinity.data] };
    }
  }
}
