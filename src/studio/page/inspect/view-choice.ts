import type { LabelMap } from "../../../method/images/image.ts";
import type { TokenAffinity } from "../../../method/labels/token-affinity.ts";
import { LabelLayer, type LabelLook } from "../canvas/label-layer.ts";
import type { CanvasLayer } from "../canvas/layer.ts";
import { heatLayer } from "./heat-layer.ts";
import { labelsOf, scoresOf, type LabelStage, type ScoreStage } from "./stages.ts";
import type { Refined } from "./refine.ts";
import type { Inspected } from "./use-inspected.ts";

/** What of a clicked token is shown. */
export const tokenViews = ["affinity", "spreads", "receives"] as const;
export type TokenView = (typeof tokenViews)[number];

/** What lies over the image. */
export type ViewChoice =
  | { readonly kind: "image" }
  /** @property tag number of the tag among those of the image */
  | { readonly kind: "scores"; readonly stage: ScoreStage; readonly tag: number }
  | {
      readonly kind: "labels";
      readonly stage: LabelStage;
    }
  | { readonly kind: "token"; readonly of: TokenView };

export const viewKey = (view: ViewChoice): string => Object.values(view).join(" ");

/** Color of heat that belongs to no class. */
const heat = "#ff3d7f";

export interface ViewState {
  readonly inspected: Inspected;
  /** The pseudo label that the thresholds make, once there are layers. */
  readonly live: LabelMap | undefined;
  /** The same after PAR, once it is computed. */
  readonly refined: Refined | undefined;
  readonly token: TokenAffinity | undefined;
  readonly look: LabelLook;
}

/** Draws a view; undefined where there is nothing over the image. */
export function layerOf(view: ViewChoice, state: ViewState): CanvasLayer | undefined {
  const { layers } = state.inspected;
  switch (view.kind) {
    case "image":
      return undefined;
    case "scores": {
      const tag = layers?.head.tags[view.tag];
      if (layers === undefined || tag === undefined) return undefined;
      const { values, ...size } = scoresOf(layers, view.stage, view.tag);
      return heatLayer(values, size, state.look.colorOf(tag));
    }
    case "labels": {
      const labels = labelsFor(view.stage, state);
      return labels && new LabelLayer(labels, state.look);
    }
    case "token":
      return layers && state.token && tokenLayer(state.token[view.of], layers.head.tokens);
  }
}

/** The label map of a stage; undefined if there is none. */
export function labelsFor(
  stage: LabelStage,
  { inspected: { layers, correction }, live, refined }: ViewState,
): LabelMap | undefined {
  if (stage === "correction") return correction;
  if (layers === undefined) return undefined;
  if (stage === "pseudo") return live;
  return stage === "pseudoRefined" ? refined?.label : labelsOf(layers, stage);
}

function tokenLayer(
  values: Float32Array,
  size: { readonly width: number; readonly height: number },
): CanvasLayer {
  const highest = Math.max(...values, 1e-12);
  return heatLayer(
    Array.from(values, (value) => Math.round((255 * value) / highest)),
    size,
    heat,
  );
}
