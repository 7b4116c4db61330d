import { join } from "node:path";
import { brushControls } from "../../../files/formats/label-studio/configuration.ts";
import {
  matchLabels,
  type MatchedLabels,
} from "../../../files/formats/label-studio/matched-labels.ts";
import { mapAtOnce } from "../../../files/datasets/map-at-once.ts";
import type { InstanceKind } from "../../../method/images/regions.ts";
import { UserError } from "../../../user-error.ts";
import { checked } from "../body.ts";
import { RequestError } from "../failure.ts";
import { openBelow } from "../images/image-file.ts";
import { imagePlace } from "./image-address.ts";
import { mostImageBytes, tooLarge, type LabelStudioSite } from "./label-studio-site.ts";
import type { ModelFacts } from "./mask-messages.ts";
import type { MaskWorker } from "./mask-worker.ts";
import { taskSchema, type Task } from "./requests.ts";
import { taskTags } from "./task-tags.ts";
import { Turns } from "./turns.ts";

export interface PredictionOptions {
  /** Real path of the folder that Label Studio serves local files from; undefined to read them from Label Studio. */
  readonly root: string | undefined;
  readonly instances: InstanceKind;
  /** Tells the person at the terminal. */
  readonly tell: (message: string) => void;
}

/** Of one task; a failed one has no results, and a version of its own, so that Label Studio asks for it again. */
interface Prediction {
  readonly model_version: string;
  readonly score: number;
  /** Each in JSON. */
  readonly results: readonly string[];
  readonly error?: string;
  readonly unknown_tags?: readonly string[];
}

/** Makes predictions of tasks. */
export class Predictions {
  private readonly turns: Turns;

  /** @param facts what the worker's model is */
  constructor(
    private readonly worker: MaskWorker,
    readonly facts: ModelFacts,
    private readonly options: PredictionOptions,
  ) {
    // One more than are computed at the same time: its image is read meanwhile.
    this.turns = new Turns(facts.lanes + 1);
  }

  /** The labels of a configuration that stand for the model's classes; a UserError if there are none. */
  match(configuration: string): MatchedLabels {
    const { classes } = this.facts;
    const matched = matchLabels(brushControls(configuration), classes);
    if (matched.labels.some((label) => label !== undefined)) return matched;
    const { name, labels } = matched.control;
    const found = labels.length === 0 ? "none" : labels.map(({ value }) => value).join(", ");
    throw new UserError(
      `labeling configuration: none of the labels of <BrushLabels name="${name}"> (${found}) is a class of the model, whose classes are ${classes.join(", ")}`,
    );
  }

  /** The answer to a request, in JSON; tasks that fail say why and leave the others alone. */
  async answer(
    tasks: readonly unknown[],
    matched: MatchedLabels,
    site: LabelStudioSite | undefined,
    signal: AbortSignal,
  ): Promise<string> {
    const predictions = await mapAtOnce(tasks, this.facts.lanes + 1, (task) =>
      this.turns.take(() => this.predict(task, matched, site, signal)),
    );
    const { version } = this.facts;
    return `{"model_version":${JSON.stringify(version)},"results":[${predictions.map(inJson).join(",\n")}]}`;
  }

  /** The answer that refuses all tasks for the same reason. */
  refusal(tasks: readonly unknown[], reason: string): string {
    const { version } = this.facts;
    const results = tasks.map(() => inJson(this.failed(reason)));
    return `{"model_version":${JSON.stringify(version)},"results":[${results.join(",\n")}]}`;
  }

  private failed(error: string): Prediction {
    return { model_version: `${this.facts.version} (failed)`, score: 0, results: [], error };
  }

  private async predict(
    value: unknown,
    matched: MatchedLabels,
    site: LabelStudioSite | undefined,
    signal: AbortSignal,
  ): Promise<Prediction> {
    // Nobody takes the answer any more.
    signal.throwIfAborted();
    let where = "a task";
    try {
      const task = checked(taskSchema, value);
      where = `task ${task.id ?? "without a number"}`;
      return await this.predictTask(task, where, matched, site, signal);
    } catch (error) {
      signal.throwIfAborted();
      const isExpected = error instanceof UserError || error instanceof RequestError;
      const message = isExpected ? error.message : `unexpected error: ${String(error)}`;
      const told = message.startsWith(where) ? message : `${where}: ${message}`;
      this.options.tell(told);
      return this.failed(told);
    }
  }

  private async predictTask(
    task: Task,
    where: string,
    { control, labels }: MatchedLabels,
    site: LabelStudioSite | undefined,
    signal: AbortSignal,
  ): Promise<Prediction> {
    const { classes, version } = this.facts;
    const tags = taskTags(task, control.choices, classes);
    const bytes = await this.read(task.data[control.field], site, signal);
    const { score, results } = await this.worker.mask({
      ...{ name: where, bytes, labels, tags: tags?.classes ?? null },
      ...{ task: task.id ?? "tag2mask", from: control.name, to: control.image },
      instances: this.options.instances,
    });
    const unknown = tags?.unknown ?? [];
    if (unknown.length > 0) {
      this.options.tell(`${where}: the model does not know ${unknown.join(", ")} among its tags`);
    }
    return {
      ...{ model_version: version, score, results },
      ...(unknown.length > 0 && { unknown_tags: unknown }),
    };
  }

  private async read(
    address: unknown,
    site: LabelStudioSite | undefined,
    signal: AbortSignal,
  ): Promise<Uint8Array> {
    const { root } = this.options;
    const place = imagePlace(address, { base: site?.base, hasFolder: root !== undefined });
    if (place.kind === "address") return site!.read(place.url, signal);
    const opened = await openBelow(root!, join(root!, place.path)).catch((error: unknown) => {
      if (!(error instanceof RequestError)) throw error;
      throw new UserError(
        `image: there is no file "${place.path}" in the data folder, which must be the one that Label Studio serves local files from`,
      );
    });
    try {
      if (opened.size > mostImageBytes) throw tooLarge(`image: "${place.path}"`);
      return await opened.file.readFile();
    } finally {
      await opened.file.close();
    }
  }
}

function inJson({ results, ...facts }: Prediction): string {
  return `${JSON.stringify(facts).slice(0, -1)},"result":[${results.join(",")}]}`;
}
