/**
 * Fills a polygon as OpenCV's `fillPoly` does for whole coordinates, with readers' way of getting those: the shares of
 * Ultralytics and supervision, times the side, are cut off. Pixels inside by the even-odd rule and all pixels on the outline.
 * @param points x0, y0, x1, y1, ... in pixels
 */
export function fillPoly(points: readonly number[], into: Uint8Array, width: number): void {
  const corners: [x: number, y: number][] = [];
  for (let k = 0; k < points.length; k += 2) {
    corners.push([Math.trunc(points[k]!), Math.trunc(points[k + 1]!)]);
  }
  const height = into.length / width;
  const edges = corners.map((from, k) => [from, corners[(k + 1) % corners.length]!] as const);
  const set = (x: number, y: number): void => {
    if (x >= 0 && x < width && y >= 0 && y < height) into[y * width + x] = 1;
  };
  for (const [[ax, ay], [bx, by]] of edges) {
    const steps = Math.max(Math.abs(bx - ax), Math.abs(by - ay));
    for (let k = 0; k <= steps; k++) {
      const share = steps === 0 ? 0 : k / steps;
      set(Math.round(ax + share * (bx - ax)), Math.round(ay + share * (by - ay)));
    }
  }
  for (let y = 0; y < height; y++) {
    const crossings = edges
      .filter(([[, ay], [, by]]) => ay <= y !== by <= y)
      .map(([[ax, ay], [bx, by]]) => ax + ((y - ay) / (by - ay)) * (bx - ax))
      .sort((a, b) => a - b);
    for (let k = 0; k + 1 < crossings.length; k += 2) {
      for (let x = Math.ceil(crossings[k]!); x <= crossings[k + 1]!; x++) set(x, y);
    }
  }
}
