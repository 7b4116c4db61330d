import { ignoreIndex, type LabelMap } from "./image.ts";

/** Pixels that form one object: a connected region, or all of a class. */
export type InstanceKind = "regions" | "classes";

/** Objects of a label map. */
export interface Regions {
  readonly width: number;
  readonly height: number;
  /** [height, width]: the object of a pixel, from 0 in the order of their first pixels; -1 for background. */
  readonly ids: Int32Array | Int16Array;
  /** Label of each object. */
  readonly labels: readonly number[];
}

/**
 * Objects in a label map: pixels with the same label that touch at their sides, or with "classes" all that have it.
 * Ignored pixels are always one object.
 */
export function findRegions(map: LabelMap, kind: InstanceKind = "regions"): Regions {
  // Numbers of half the size, which hardly any mask needs more than.
  const isLarge = map.data.length > largePixels;
  const small = isLarge
    ? tryRegions(map, kind, new Int16Array(map.data.length), 2 ** 15)
    : undefined;
  return small ?? tryRegions(map, kind, new Int32Array(map.data.length), Infinity)!;
}

/** Pixels from which the numbers of objects are kept small. */
const largePixels = 50_000_000;

/** Objects in a label map; undefined if there are `most` pieces of objects or more. @param ids filled with the objects */
function tryRegions<Ids extends Int32Array | Int16Array>(
  map: LabelMap,
  kind: InstanceKind,
  ids: Ids,
  most: number,
): Regions | undefined {
  const { width, height, data } = map;
  // Pieces of objects: the label of each, and the earlier piece that it belongs to, or itself.
  const labels: number[] = [];
  const parents: number[] = [];
  // The piece of a label, for labels whose pixels are all one object.
  const pieceOf = new Int32Array(256).fill(-1);
  for (let i = 0, x = 0; i < data.length; i++, x = x + 1 === width ? 0 : x + 1) {
    const label = data[i]!;
    if (label === 0) {
      ids[i] = -1;
      continue;
    }
    let id: number;
    if (kind === "classes" || label === ignoreIndex) {
      id = pieceOf[label]!;
    } else {
      const left = x > 0 && data[i - 1] === label ? ids[i - 1]! : -1;
      const above = i >= width && data[i - width] === label ? ids[i - width]! : -1;
      id = left < 0 ? above : left;
      if (left >= 0 && above >= 0 && left !== above) id = join(parents, left, above);
    }
    if (id < 0) {
      id = labels.push(label) - 1;
      if (id >= most) return undefined;
      parents.push(id);
      pieceOf[label] = id;
    }
    ids[i] = id;
  }
  // A piece belongs to an earlier one, whose object is already known, or is the first of a new object.
  const objects = new Int32Array(parents.length);
  const objectLabels: number[] = [];
  parents.forEach((parent, piece) => {
    objects[piece] = parent === piece ? objectLabels.push(labels[piece]!) - 1 : objects[parent]!;
  });
  for (let i = 0; i < ids.length; i++) if (ids[i]! >= 0) ids[i] = objects[ids[i]!]!;
  return { width, height, ids, labels: objectLabels };
}

/** Unites two pieces and returns the first piece of their object. */
function join(parents: number[], a: number, b: number): number {
  const [first, second] = [root(parents, a), root(parents, b)].sort((p, q) => p - q);
  parents[second!] = first!;
  return first!;
}

function root(parents: number[], piece: number): number {
  let at = piece;
  while (parents[at] !== at) {
    // Path halving: skipping every other step keeps all paths short.
    parents[at] = parents[parents[at]!]!;
    at = parents[at]!;
  }
  return at;
}

/** Box of an object, `right` and `bottom` included. */
export interface RegionBox {
  left: number;
  top: number;
  right: number;
  bottom: number;
}

/** Boxes of all objects in one pass. */
export function regionBoxes({ width, height, ids, labels }: Regions): readonly RegionBox[] {
  const boxes = labels.map(() => ({ left: width, top: height, right: 0, bottom: 0 }));
  for (let i = 0; i < ids.length; i++) {
    const box = boxes[ids[i]!];
    if (!box) continue;
    const x = i % width;
    const y = (i - x) / width;
    if (x < box.left) box.left = x;
    if (x > box.right) box.right = x;
    if (y < box.top) box.top = y;
    box.bottom = y;
  }
  return boxes;
}
