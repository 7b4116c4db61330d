import type { LabelMap } from "../../../method/images/image.ts";
import { plane, type Maps } from "../../../method/images/maps.ts";
import { pseudoLabel } from "../../../method/labels/pseudo-label.ts";
import type { LayerName, Layers } from "../../layers.ts";

/** The background scores that pseudo labels are made with, 0..1. */
export interface Thresholds {
  readonly low: number;
  readonly high: number;
}

/** Stages that have a score for every class, and those that have a label. */
export const scoreStages = ["cam", "propagated", "refined", "probabilities"] as const;
export const labelStages = [
  "pseudo",
  "pseudoRefined",
  "pseudoLabel",
  "prediction",
  "crf",
  "correction",
] as const;
export type ScoreStage = (typeof scoreStages)[number];
export type LabelStage = (typeof labelStages)[number];

/** Where a stage has maps for the background too, before those of the tags. */
export function hasBackground(stage: ScoreStage): boolean {
  return stage !== "cam";
}

/** Scores 0..255 of a tag at a stage. @param at number of the tag among those of the image */
export function scoresOf({ head, parts }: Layers, stage: ScoreStage, at: number) {
  const { width, height } = head.shapes[stage];
  const first = (at + (hasBackground(stage) ? 1 : 0)) * width * height;
  return { width, height, values: parts[stage].subarray(first, first + width * height) };
}

/**
 * The pseudo label of the class activations for these thresholds, before anything is refined (method 2.4), at their size: a tag
 * where its score is above `high`, background where none is above `low`, 255 in between.
 */
export function liveLabel(layers: Layers, { low, high }: Thresholds): LabelMap {
  return pseudoLabel(storedCam(layers), layers.head.tags, { low, high });
}

/** The class activations as they are stored: in 256 levels, at a quarter of the network's input. */
export function storedCam({
  head,
  parts,
}: {
  readonly head: Layers["head"];
  readonly parts: Pick<Layers["parts"], "cam">;
}): Maps {
  return { ...head.shapes.cam, data: Float32Array.from(parts.cam, (level) => level / 255) };
}

/** A label map of the layers. */
export function labelsOf({ head, parts }: Layers, stage: LayerName & LabelStage): LabelMap {
  const { width, height } = head.shapes[stage];
  return { width, height, data: parts[stage] };
}

/** A point of the image as shares of its sides, 0..1. */
export interface Place {
  readonly x: number;
  readonly y: number;
}

/** The scores of a stage at a place: those of the background, if the stage has them, then those of the tags, 0..1. */
export function scoresAt({ head, parts }: Layers, stage: ScoreStage, place: Place): number[] {
  const { count, width, height } = head.shapes[stage];
  const at = pixelAt(place, width, height);
  return Array.from({ length: count }, (_, k) => parts[stage][k * width * height + at]! / 255);
}

/** The values of maps at a place, 0..1. */
export function valuesAt(maps: Maps, place: Place): number[] {
  const at = pixelAt(place, maps.width, maps.height);
  return Array.from({ length: maps.count }, (_, k) => plane(maps, k)[at]!);
}

/** The label of a map at a place. */
export function labelAt({ width, height, data }: LabelMap, place: Place): number {
  return data[pixelAt(place, width, height)]!;
}

function pixelAt({ x, y }: Place, width: number, height: number): number {
  const column = Math.min(width - 1, Math.max(0, Math.floor(x * width)));
  const row = Math.min(height - 1, Math.max(0, Math.floor(y * height)));
  return row * width + column;
}

/** The token at a place. */
export function tokenOf({ head: { tokens } }: Layers, place: Place): number {
  return pixelAt(place, tokens.width, tokens.height);
}
