import { expect, test } from "vitest";
import { ellipseCounts, type Ellipse } from "../../../src/method/images/ellipse.ts";
import { rleCounts } from "../../../src/method/images/run-lengths.ts";

const size = { width: 23, height: 17 };

/** The pixels whose centers, turned back about the center, lie in the upright ellipse. */
function byCenters({ x, y, radiusX, radiusY, rotation = 0 }: Ellipse): number[] {
  const angle = (-rotation * Math.PI) / 180;
  const mask = Uint8Array.from({ length: size.width * size.height }, (_, i) => {
    const [dx, dy] = [(i % size.width) + 0.5 - x, Math.floor(i / size.width) + 0.5 - y];
    const u = dx * Math.cos(angle) - dy * Math.sin(angle);
    const v = dx * Math.sin(angle) + dy * Math.cos(angle);
    return Number((u / radiusX) ** 2 + (v / radiusY) ** 2 <= 1);
  });
  return rleCounts(mask, size.width, size.height);
}

test.each<[string, Ellipse]>([
  ["upright", { x: 11.3, y: 8.2, radiusX: 7.7, radiusY: 4.1 }],
  ["turned", { x: 11.3, y: 8.2, radiusX: 9.7, radiusY: 2.6, rotation: 33 }],
  ["turned the other way", { x: 11.3, y: 8.2, radiusX: 2.6, radiusY: 9.7, rotation: -71 }],
  ["cut by the left and upper edge", { x: 1.2, y: 0.4, radiusX: 6.1, radiusY: 5.3, rotation: 20 }],
  ["cut by the right and lower edge", { x: 22.2, y: 16.1, radiusX: 6.1, radiusY: 5.3 }],
  ["over whole columns", { x: 11.1, y: 8.7, radiusX: 9.3, radiusY: 90.7 }],
  ["between the centers of pixels", { x: 11, y: 8, radiusX: 0.4, radiusY: 0.4 }],
  ["outside", { x: -20, y: 8, radiusX: 3, radiusY: 3 }],
])("an ellipse has the pixels whose centers lie inside: %s", (_, ellipse) => {
  expect(ellipseCounts(ellipse, size)).toEqual(byCenters(ellipse));
});

test("an ellipse without a width or a height has no pixels", () => {
  const none = [size.width * size.height];
  expect(ellipseCounts({ x: 5, y: 5, radiusX: 0, radiusY: 3 }, size)).toEqual(none);
  expect(ellipseCounts({ x: 5, y: 5, radiusX: 3, radiusY: 0, rotation: 20 }, size)).toEqual(none);
});
