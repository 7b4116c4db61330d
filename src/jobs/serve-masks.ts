import type { ImageSource } from "../host/codec.ts";
import type { Host } from "../host/host.ts";
import type { LabelMap } from "../method/images/image.ts";
import type { Segmenter } from "../method/inference/segmenter.ts";
import { CrfPool } from "../method/refine/crf-pool.ts";
import type { DeviceEvent } from "./events.ts";
import { atFullSize, largestSide } from "./masks.ts";
import { openSegmenterInLanes, type ModelOptions } from "./segmenter-in-lanes.ts";

export interface MaskServerOptions extends ModelOptions {
  readonly scales?: readonly number[];
  readonly flip?: boolean;
  readonly longSide?: number;
  /** Refine the masks along the colors of the images with a dense CRF. */
  readonly crf?: boolean;
}

export interface ServedMask {
  /** At the size of the image. */
  readonly labels: LabelMap;
  readonly confidence: number;
}

/** Makes masks of images that others ask for, one by one, as long as they like: by the segmentation branch of a model. */
export class MaskServer {
  private constructor(
    private readonly host: Host,
    private readonly segmenter: Segmenter,
    private readonly options: MaskServerOptions,
    private readonly refinement: CrfPool | undefined,
  ) {}

  static async *open(
    host: Host,
    options: MaskServerOptions,
  ): AsyncGenerator<DeviceEvent, MaskServer> {
    const { scales = [1], flip = false, longSide, crf = false } = options;
    const work = { images: Infinity, scales, flip, longSide };
    const segmenter = yield* openSegmenterInLanes(host, options, work);
    segmenter.warmUp();
    const refinement = crf ? new CrfPool(host.workers, { threads: host.machine.cores }) : undefined;
    return new MaskServer(host, segmenter, options, refinement);
  }

  get classes(): readonly string[] {
    return this.segmenter.classes;
  }

  /** Path of the model's file. */
  get file(): string {
    return this.segmenter.model.file;
  }

  /** Images that are computed at the same time. */
  get lanes(): number {
    return this.segmenter.lanes;
  }

  /** @param tags classes from 0 that the mask is limited to; without them it may show any */
  async mask(source: ImageSource, tags?: readonly number[]): Promise<ServedMask> {
    const { codec } = this.host;
    const { scales, flip, longSide } = this.options;
    const { refinement } = this;
    const looks = {
      ...(scales && { scales }),
      ...(flip !== undefined && { flip }),
      ...(longSide !== undefined && { longSide }),
      ...(refinement && { crf: refinement.refine.bind(refinement) }),
    };
    const image = await codec.decode(source, { largeSide: largestSide });
    const result = tags
      ? await this.segmenter.label(image, tags, { from: "segmentation", ...looks })
      : await this.segmenter.segment(image, looks);
    return { labels: await atFullSize(codec, source, result), confidence: result.confidence };
  }

  async close(): Promise<void> {
    await this.refinement?.close();
    await this.segmenter.release();
  }
}
