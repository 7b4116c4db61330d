import { plane, type Maps } from "../../../method/images/maps.ts";
import type { Image, LabelMap } from "../../../method/images/image.ts";
import type { SeenLayers } from "../../../method/inference/seen-layers.ts";
import type { LayerName, Layers, LayerShape } from "../../layers.ts";

/** Maps of 0..1 as 0..255, in the given order. */
function levelsOf(maps: Maps, order: readonly number[]): Uint8Array {
  const levels = new Uint8Array(order.length * maps.width * maps.height);
  let at = 0;
  for (const index of order) {
    for (const value of plane(maps, index)) {
      levels[at++] = Math.round(255 * Math.min(1, Math.max(0, value)));
    }
  }
  return levels;
}

/** The labels of a model in the numbers of a project; 0 for classes that the project does not have. */
export function labelTable(model: readonly string[], project: readonly string[]): Uint8Array {
  const table = new Uint8Array(256);
  model.forEach((name, i) => (table[i + 1] = project.indexOf(name) + 1));
  table[255] = 255;
  return table;
}

/** Labels by a table of new ones; the map itself if nothing changes. */
export function relabeled(labels: LabelMap, table: Uint8Array): LabelMap {
  const used = new Uint8Array(256);
  for (const label of labels.data) used[label] = 1;
  if (used.every((isUsed, label) => isUsed === 0 || table[label] === label)) return labels;
  return { ...labels, data: labels.data.map((label) => table[label]!) };
}

/**
 * What a model sees, as the page gets it.
 * @param tags classes of the model that the maps are of
 */
export function layersOf(
  seen: SeenLayers,
  tags: readonly number[],
  classes: { readonly model: readonly string[]; readonly project: readonly string[] },
  model: string,
): Layers {
  const numbers = tags.map((tag) => classes.project.indexOf(classes.model[tag]!));
  // Maps come in the order of the project's classes, which need not be that of the model's.
  const order = [...numbers.keys()].sort((a, b) => numbers[a]! - numbers[b]!);
  const behind = [0, ...order.map((i) => i + 1)];
  const table = labelTable(classes.model, classes.project);
  const labels = (map: LabelMap): Uint8Array => relabeled(map, table).data;
  const shape = ({ width, height }: Maps | LabelMap | Image, count: number): LayerShape => ({ count, width, height }); // prettier-ignore
  const [own, withBackground] = [order.length, behind.length];
  const parts: Record<LayerName, Uint8Array> = {
    cam: levelsOf(seen.cam, order),
    propagated: levelsOf(seen.propagated, behind),
    refined: levelsOf(seen.refined, behind),
    probabilities: levelsOf(seen.probabilities, behind),
    pseudoLabel: labels(seen.pseudoLabel),
    prediction: labels(seen.prediction),
    crf: labels(seen.crf),
    pixels: seen.pixels.data,
  };
  const { affinity, input, thresholds, par } = seen;
  return {
    head: {
      ...{ model, input, thresholds, par },
      tags: order.map((i) => numbers[i]!),
      tokens: { width: affinity.width, height: affinity.height },
      shapes: {
        cam: shape(seen.cam, own),
        propagated: shape(seen.propagated, withBackground),
        refined: shape(seen.refined, withBackground),
        probabilities: shape(seen.probabilities, withBackground),
        pseudoLabel: shape(seen.pseudoLabel, 1),
        prediction: shape(seen.prediction, 1),
        crf: shape(seen.crf, 1),
        pixels: shape(seen.pixels, 3),
      },
    },
    parts,
  };
}
