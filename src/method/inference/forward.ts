import { type NdArray, type Runtime, writeModel } from "../../engine/graph/index.ts";
import { type Afa, imageInput } from "../model/index.ts";
import { UserError } from "../../user-error.ts";
import { arraysOf, channelsLast, smallestSide, type NetworkFeeds } from "./network-feeds.ts";
import { LazySession } from "./lazy-session.ts";

/** Names of an exported model's input and outputs: those of Hugging Face's SegFormer, and `tag_logits`. */
export const exportedNames = {
  pixels: "pixel_values",
  segLogits: "logits",
  clsLogits: "tag_logits",
} as const;

/** Outputs of the network for a batch. */
export interface ForwardResult {
  /** [n, C] */
  readonly clsLogits: NdArray;
  /** [n, C + 1, h/4, w/4] */
  readonly segLogits: NdArray;
  /** [n, t, t] in 0..1, t tokens at 1/16 */
  readonly affinity: NdArray;
  /** Raw class activations, [n, C, h/16, w/16] */
  readonly cam: NdArray;
}

/** Outputs of a forward pass that segmenting uses. */
export type Logits = Pick<ForwardResult, "clsLogits" | "segLogits">;

/** Evaluation-mode forward passes over batches of any size. */
export interface Forward<Result = Logits> {
  /** @param images normalized RGB, [n, 3, h, w] */
  run(images: NdArray): Promise<Result>;
  /** Like `run` for images [n, h, w, 3], where the graph has channels last. Takes ownership of their array. */
  runPixels?(images: NdArray): Promise<Result>;
  /** Starts creating the session; the first run reports its errors. */
  warmUp(): void;
  release(): Promise<void>;
}

const allOutputs: readonly (keyof ForwardResult)[] = ["clsLogits", "segLogits", "affinity", "cam"];

export interface ForwardPassOptions {
  /**
   * Makes the weights part of the session: runs are a tenth faster, but the session has its own copy of the weights and
   * does not follow their changes.
   */
  readonly frozen?: boolean;
}

/**
 * Forward pass of a network with some of its outputs, by default all. The weights are fed with every run, or frozen.
 */
export class ForwardPass<Name extends keyof ForwardResult = keyof ForwardResult> implements Forward<
  Pick<ForwardResult, Name>
> {
  private readonly session: LazySession;

  constructor(
    runtime: Runtime,
    network: Afa,
    private readonly parameters: NetworkFeeds,
    private readonly names: readonly Name[] = allOutputs as readonly Name[],
    private readonly options: ForwardPassOptions = {},
  ) {
    this.session = new LazySession(() => {
      const outputs = network.forward(imageInput(["n", "h", "w"]));
      const selected = Object.fromEntries(names.map((name) => [name, outputs[name]]));
      const weights = options.frozen === true ? { initializers: arraysOf(parameters) } : {};
      const model = writeModel(selected, weights);
      return runtime.createSession(model, { transfer: true });
    });
  }

  async run(images: NdArray): Promise<Pick<ForwardResult, Name>> {
    const [, , height, width] = images.shape as [number, number, number, number];
    checkSize(width, height);
    return this.runPixels(channelsLast(images));
  }

  async runPixels(images: NdArray): Promise<Pick<ForwardResult, Name>> {
    const [, height, width] = images.shape as [number, number, number, number];
    checkSize(width, height);
    const session = await this.session.get();
    const frozen = this.options.frozen === true;
    const feeds = { ...(frozen ? {} : this.parameters), image: images };
    const fetches = Object.fromEntries(this.names.map((name) => [name, null]));
    return (await session.run(feeds, fetches, { transfer: frozen })) as Pick<ForwardResult, Name>;
  }

  warmUp(): void {
    this.session.warmUp();
  }

  release(): Promise<void> {
    return this.session.release();
  }
}

/** Forward pass of an exported model, which contains its weights. */
export class ExportedForward implements Forward {
  private readonly session: LazySession;

  /**
   * @param model bytes of the model, or the path where the runtime's host finds it
   * @param name name of the model in messages
   * @param classes number of foreground classes, C
   */
  constructor(
    runtime: Runtime,
    model: Uint8Array | string,
    private readonly name: string,
    private readonly classes: number,
  ) {
    this.session = new LazySession(() => runtime.createSession(model));
  }

  async run(images: NdArray): Promise<Logits> {
    const [, , height, width] = images.shape as [number, number, number, number];
    checkSize(width, height);
    const session = await this.session.get().catch((error: unknown) => {
      const reason = (error as Error).message;
      throw new UserError(`${this.name}: the model cannot be loaded: ${reason}`, { cause: error });
    });
    const { pixels, segLogits, clsLogits } = exportedNames;
    if (session.inputNames.join() !== pixels)
      throw this.refusal(`expected the input ${pixels}, found ${session.inputNames.join(", ")}`);
    const results = await session.run(
      { [pixels]: images },
      { [segLogits]: null, [clsLogits]: null },
    );
    const logits = { clsLogits: results[clsLogits]!, segLogits: results[segLogits]! };
    const [labels, tags] = [logits.segLogits.shape[1], logits.clsLogits.shape[1]];
    if (labels !== this.classes + 1 || tags !== this.classes)
      throw this.refusal(
        `it predicts ${labels} labels and ${tags} tags, but its metadata names ${this.classes} classes`,
      );
    return logits;
  }

  /** Loads the model and runs it on a small black image, so that its problems are reported before any work begins. */
  async check(): Promise<void> {
    const data = new Float32Array(3 * smallestSide ** 2);
    try {
      await this.run({ dtype: "float32", shape: [1, 3, smallestSide, smallestSide], data });
    } catch (error) {
      await this.release().catch(() => undefined);
      throw error instanceof UserError
        ? error
        : this.refusal(`the model cannot be run: ${(error as Error).message}`);
    }
  }

  private refusal(problem: string): UserError {
    return new UserError(`${this.name}: ${problem}; give a model that tag2mask exported`);
  }

  warmUp(): void {
    this.session.warmUp();
  }

  release(): Promise<void> {
    return this.session.release();
  }
}

function checkSize(width: number, height: number): void {
  if (Math.min(height, width) >= smallestSide) return;
  throw new RangeError(
    `forward: images are ${width} x ${height}; resize them to at least ${smallestSide} a side`,
  );
}
