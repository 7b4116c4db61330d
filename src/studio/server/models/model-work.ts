import type { DeviceName } from "../../../host/devices.ts";
import type { Host } from "../../../host/host.ts";
import { chooseSource } from "../../../jobs/choose-source.ts";
import { known, missingTags } from "../../../jobs/draft-masks.ts";
import { inspectImage } from "../../../jobs/inspect-image.ts";
import { largestSide } from "../../../jobs/masks.ts";
import { openSegmenter } from "../../../jobs/open-segmenter.ts";
import type { Image } from "../../../method/images/image.ts";
import type { Maps } from "../../../method/images/maps.ts";
import type { SourceChoice, TagMaskSource } from "../../../method/inference/label-source.ts";
import { pixelsWithLongSide } from "../../../method/inference/long-side.ts";
import type { Segmenter } from "../../../method/inference/segmenter.ts";
import { tokenAffinity, type Affinity, type Thresholds } from "../../../method/labels/index.ts";
import { crfLabels } from "../../../method/refine/crf-labels.ts";
import { DenseCrf } from "../../../method/refine/crf.ts";
import { encodeLayers } from "../../layers.ts";
import { encodeMask } from "../../patches.ts";
import { layersOf } from "./layers-of.ts";

/** A model as it is at present: the same folder has other weights after its training went on. */
export interface ModelPlace {
  readonly id: string;
  /** Its run folder. */
  readonly path: string;
  readonly device: DeviceName;
  /** Changes with the weights. */
  readonly stamp: string;
}

/** An image and the names of its classes; null where they are not known. */
export interface WorkImage {
  readonly file: string;
  readonly tags: readonly string[] | null;
}

/** What the model's process can do. Files are written where the request says. */
export type ModelWork = { readonly model: ModelPlace } & (
  | {
      readonly do: "layers";
      readonly image: WorkImage;
      /** Classes of the project. */
      readonly classes: readonly string[];
      /** Files of the layers and of the affinity. */
      readonly files: { readonly layers: string; readonly affinity: string };
    }
  | { readonly do: "token"; readonly image: WorkImage; readonly token: number }
  | { readonly do: "suggest"; readonly image: WorkImage }
  | {
      readonly do: "draft";
      readonly image: WorkImage;
      readonly from: TagMaskSource;
      readonly thresholds?: Thresholds;
    }
  | { readonly do: "choose"; readonly images: readonly WorkImage[] }
);

/** Answers, by what is done. */
export interface ModelAnswers {
  layers: { readonly bytes: Uint8Array; readonly affinityBytes: number };
  /** Row, spreads and receives one after the other, f32 little-endian. */
  token: { readonly bytes: Uint8Array };
  /** Probability of each class, by name. */
  suggest: { readonly scores: readonly { readonly name: string; readonly score: number }[] };
  draft: {
    readonly mask: Uint8Array;
    readonly classes: readonly string[];
    readonly confidence: number;
    readonly missing: readonly string[];
  };
  choose: { readonly choice: SourceChoice; readonly classes: readonly string[] };
}

/** Largest affinity that is stored; that of more tokens is computed again for each look. */
const mostAffinity = 64 << 20;

/** Models that are open at a time: two that are compared. */
const mostOpen = 2;

/** Computes with models for the server, one thing after the other. */
export class ModelWorker {
  private readonly open = new Map<string, Promise<Segmenter>>();
  private readonly dense = new DenseCrf();
  private lastSeen: { readonly key: string; readonly affinity: Affinity; radius: number } | undefined; // prettier-ignore

  constructor(private readonly host: Host) {}

  async answer(work: ModelWork): Promise<ModelAnswers[keyof ModelAnswers]> {
    const segmenter = await this.opened(work.model);
    switch (work.do) {
      case "layers":
        return this.layers(segmenter, work);
      case "token":
        return this.token(segmenter, work);
      case "suggest":
        return this.suggest(segmenter, work);
      case "draft":
        return this.draft(segmenter, work);
      case "choose":
        return this.choose(segmenter, work);
    }
  }

  private async layers(
    segmenter: Segmenter,
    { model, image, classes: project, files }: ModelWork & { do: "layers" },
  ): Promise<ModelAnswers["layers"]> {
    const pixels = await this.read(image);
    const seenTags =
      image.tags === null
        ? await this.predictedTags(segmenter, pixels)
        : known(image, segmenter.classes).tags;
    // A class that the project does not have has no number to be shown by.
    const tags = seenTags.filter((tag) => project.includes(segmenter.classes[tag]!));
    const seen = await inspectImage(segmenter, pixels, tags, this.crf);
    const { affinity, thresholds } = seen;
    this.lastSeen = { key: keyOf(model, image), affinity, radius: thresholds.radius };
    const ordered = [...new Set(tags)].sort((a, b) => a - b);
    const classes = { model: segmenter.classes, project };
    const bytes = encodeLayers(layersOf(seen, ordered, classes, model.id));
    const { data } = affinity;
    const isStored = data.byteLength <= mostAffinity;
    const raw = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
    await this.host.store.write(
      [...(isStored ? [{ path: files.affinity, data: raw }] : []), { path: files.layers, data: bytes }], // prettier-ignore
      { durable: false },
    );
    return { bytes, affinityBytes: isStored ? raw.length : 0 };
  }

  private async token(
    segmenter: Segmenter,
    { model, image, token }: ModelWork & { do: "token" },
  ): Promise<ModelAnswers["token"]> {
    const key = keyOf(model, image);
    if (this.lastSeen?.key !== key) {
      const seen = await inspectImage(segmenter, await this.read(image), [], this.crf);
      this.lastSeen = { key, affinity: seen.affinity, radius: seen.thresholds.radius };
    }
    const { affinity, radius } = this.lastSeen;
    return { bytes: tokenBytes(affinity, token, radius) };
  }

  private async suggest(
    segmenter: Segmenter,
    { image }: ModelWork & { do: "suggest" },
  ): Promise<ModelAnswers["suggest"]> {
    const logits = await this.tagLogits(segmenter, await this.read(image));
    const scores = segmenter.classes.map((name, i) => ({
      name,
      score: 1 / (1 + Math.exp(-logits[i]!)),
    }));
    return { scores: scores.sort((a, b) => b.score - a.score) };
  }

  private async draft(
    segmenter: Segmenter,
    { image, from, thresholds }: ModelWork & { do: "draft" },
  ): Promise<ModelAnswers["draft"]> {
    const pixels = await this.read(image);
    const named = known(image, segmenter.classes);
    const crf = from === "segmentation" && { crf: this.crf };
    const result = named.isTagged
      ? await segmenter.label(pixels, named.tags, {
          from,
          ...crf,
          ...(thresholds && { thresholds }),
        })
      : await segmenter.segment(pixels);
    const { classes, confidence } = result;
    return { mask: encodeMask(result), classes, confidence, missing: missingTags(result, named) };
  }

  private async choose(
    segmenter: Segmenter,
    { images }: ModelWork & { do: "choose" },
  ): Promise<ModelAnswers["choose"]> {
    const { classes } = segmenter;
    const items = images.map((image) => ({ ...image, name: image.file, tags: known(image, classes).tags })); // prettier-ignore
    const choosing = chooseSource(this.host, segmenter, items);
    for (;;) {
      const next = await choosing.next();
      if (next.done) return { choice: next.value, classes };
    }
  }

  private opened(place: ModelPlace): Promise<Segmenter> {
    const key = `${place.path} ${place.stamp}`;
    const open = this.open.get(key) ?? openSegmenter(this.host, place.path, place);
    this.open.delete(key);
    this.open.set(key, open);
    open.catch(() => this.open.delete(key));
    for (const [oldest, model] of this.open) {
      if (this.open.size <= mostOpen) break;
      this.open.delete(oldest);
      void model.then((segmenter) => segmenter.release());
    }
    return open;
  }

  private read({ file }: WorkImage): Promise<Image> {
    return this.host.codec.decode(file, { largeSide: largestSide });
  }

  private async tagLogits({ model, predictor }: Segmenter, image: Image): Promise<Float32Array> {
    const { data, eval: evaluation } = model.config;
    const pixels = pixelsWithLongSide(image, data, evaluation.longSide);
    return (await predictor.predictPixels(pixels)).clsLogits;
  }

  private async predictedTags(segmenter: Segmenter, image: Image): Promise<number[]> {
    const logits = await this.tagLogits(segmenter, image);
    return [...logits.keys()].filter((tag) => logits[tag]! > 0);
  }

  private readonly crf = async (image: Image, logits: Maps) => crfLabels(this.dense, image, logits);
}

/** What a token has to do with the others, as the page gets it. */
export function tokenBytes(affinity: Affinity, token: number, radius: number): Uint8Array {
  const { affinity: row, spreads, receives } = tokenAffinity(affinity, token, radius);
  const all = new Float32Array(3 * row.length);
  all.set(row);
  all.set(spreads, row.length);
  all.set(receives, 2 * row.length);
  return new Uint8Array(all.buffer);
}

function keyOf({ path, stamp }: ModelPlace, { file }: WorkImage): string {
  return JSON.stringify([path, stamp, file]);
}
