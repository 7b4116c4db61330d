/** Score maps: one plane for every class, or for the background and every class, of one image. */
export interface Maps {
  readonly count: number;
  readonly width: number;
  readonly height: number;
  /** [count, height, width] */
  readonly data: Float32Array;
}

/** [y0, y1, x0, x1], half-open: the part of a crop that is image and not padding. */
export type Box = readonly [number, number, number, number];

/** Maps over an array, which is not copied. */
export function activationMaps(
  count: number,
  width: number,
  height: number,
  data: Float32Array,
): Maps {
  if (data.length !== count * height * width) {
    throw new RangeError(
      `maps: [${count}, ${height}, ${width}] has ${count * height * width} elements, data has ${data.length}`,
    );
  }
  return { count, width, height, data };
}

/** One map, a view. */
export function plane({ width, height, data }: Maps, index: number): Float32Array {
  return data.subarray(index * height * width, (index + 1) * height * width);
}

/** Concatenates maps of equal size. */
export function stack(...parts: readonly Maps[]): Maps {
  const { width, height } = parts[0]!;
  const count = parts.reduce((sum, part) => sum + part.count, 0);
  const data = new Float32Array(count * height * width);
  let at = 0;
  for (const part of parts) {
    if (part.width !== width || part.height !== height) {
      throw new RangeError(
        `stack: sizes differ: ${width} x ${height} and ${part.width} x ${part.height}`,
      );
    }
    data.set(part.data, at);
    at += part.data.length;
  }
  return { count, width, height, data };
}

/** Maps first to last - 1, a view. */
export function slice({ width, height, data }: Maps, first: number, last: number): Maps {
  const area = width * height;
  return { count: last - first, width, height, data: data.subarray(first * area, last * area) };
}

/** The part of maps inside a box; the maps themselves if that is all of them. */
export function crop(source: Maps, box: Box): Maps {
  const [y0, y1, x0, x1] = checkBox("crop", box, source);
  const [width, height] = [x1 - x0, y1 - y0];
  if (width === source.width && height === source.height) return source;
  const data = new Float32Array(source.count * height * width);
  for (let k = 0; k < source.count; k++) {
    for (let y = 0; y < height; y++) {
      const from = (k * source.height + y0 + y) * source.width + x0;
      data.set(source.data.subarray(from, from + width), (k * height + y) * width);
    }
  }
  return { count: source.count, width, height, data };
}

/** Softmax over the maps at every pixel, in place. */
export function softmax({ count, width, height, data }: Maps): void {
  const area = width * height;
  for (let p = 0; p < area; p++) {
    let highest = -Infinity;
    for (let i = p; i < data.length; i += area) highest = Math.max(highest, data[i]!);
    let sum = 0;
    for (let i = p; i < data.length; i += area) sum += data[i] = Math.exp(data[i]! - highest);
    for (let k = 0; k < count; k++) data[k * area + p]! /= sum;
  }
}

/** Index of the highest map at every pixel, the first of equals. */
export function argmax({ count, width, height, data }: Maps): Uint8Array {
  const area = width * height;
  const best = new Uint8Array(area);
  const highest = data.slice(0, area);
  for (let k = 1; k < count; k++) {
    for (let p = 0, i = k * area; p < area; p++, i++) {
      if (data[i]! > highest[p]!) {
        highest[p] = data[i]!;
        best[p] = k;
      }
    }
  }
  return best;
}

/** Returns the box; throws a RangeError if it is empty or not inside an image of that size. */
export function checkBox(
  where: string,
  box: Box,
  { width, height }: { width: number; height: number },
): Box {
  const [y0, y1, x0, x1] = box;
  if (!(0 <= y0 && y0 < y1 && y1 <= height && 0 <= x0 && x0 < x1 && x1 <= width)) {
    throw new RangeError(
      `${where}: box [${box.join(", ")}] is empty or not inside ${width} x ${height}; give [y0, y1, x0, x1], half-open`,
    );
  }
  return box;
}

/** The box around a whole image. */
export function fullBox({ width, height }: { width: number; height: number }): Box {
  return [0, height, 0, width];
}
