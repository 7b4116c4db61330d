import { describe, expect, test } from "vitest";
import type { InstanceKind } from "../../../src/method/images/regions.ts";
import { rleCounts } from "../../../src/method/images/run-lengths.ts";
import type { BoxRule } from "../../../src/files/formats/boxes.ts";
import { LostDetails } from "../../../src/files/formats/lost-details.ts";
import { DrawingWork } from "../../../src/files/formats/drawing-limits.ts";
import {
  paint,
  paintObjects,
  polygonCounts,
  type MaskObject,
} from "../../../src/files/formats/paint-objects.ts";

test.each<[string, number[][], number]>([
  // The box is a pixel wider than the outline on every side; each column that an edge crosses counts ten.
  ["a square inside", [[2, 2, 4, 2, 4, 4, 2, 4]], 4 * 4 + 10 * 4],
  ["a triangle that its last edge closes", [[3, 1, 6, 1, 5, 3]], 5 * 4 + 10 * (3 + 1 + 2)],
  ["a square in the upper left corner", [[0, 0, 2, 0, 2, 1, 0, 1]], 3 * 2 + 10 * 4],
  ["a square in the lower right corner", [[7, 6, 10, 6, 10, 8, 7, 8]], 4 * 3 + 10 * 6],
  ["an outline of broken numbers", [[1.5, 1.5, 2.5, 1.5, 2.5, 2.5]], 4 * 4 + 10 * 2],
  ["two outlines in one box", [[1, 1, 2, 1, 2, 2, 1, 2], [5, 5, 6, 5, 6, 6, 5, 6]], 7 * 7 + 10 * 4], // prettier-ignore
  ["an outline to the right of the image", [[12, 2, 14, 2, 14, 4]], 1 * 4],
  ["an outline below the image", [[2, 10, 4, 10, 4, 12]], 4 * 1 + 10 * 4],
  ["no outline", [], 1],
])("drawing costs the pixels of the box and the columns crossed: %s", (_, outlines, cost) => {
  const draw = (limit: number) =>
    polygonCounts(outlines, { width: 10, height: 8 }, { where: "a", work: new DrawingWork("a", limit) }); // prettier-ignore
  expect(() => draw(cost)).not.toThrow();
  expect(() => draw(cost - 1)).toThrow(`after 1 objects and ${cost} pixels`);
});

test("runs that continue in the next column are one run, and begin with zeros", () => {
  const counts = (points: number[]) =>
    polygonCounts([points], { width: 4, height: 3 }, { where: "a", work: new DrawingWork("a") });
  expect(counts([0, 0, 4, 0, 4, 3, 0, 3])).toEqual([0, 12, 0]);
  expect(counts([1, 0, 3, 0, 3, 3, 1, 3])).toEqual([3, 6, 3]);
  expect(counts([1, 1, 3, 1, 3, 2, 1, 2])).toEqual([4, 1, 2, 1, 4]);
  expect(counts([0, 0, 1, 0, 1, 1, 0, 1])).toEqual([0, 1, 11]);
});

/** The object of the pixels that are 1 in a row of digits. */
const object = (label: number, row: string): MaskObject => ({
  label,
  counts: rleCounts(Uint8Array.from(row, Number), row.length, 1),
});

describe("objects that overlap", () => {
  test.each<[string, MaskObject[], string]>([
    ["the smaller lies on top", [object(1, "0110"), object(2, "1111")], "2112"],
    ["in whichever order they come", [object(2, "1111"), object(1, "0110")], "2112"],
    ["the later one of two equals lies on top", [object(1, "0110"), object(2, "0011")], "0122"],
    ["ignored ones lie below", [object(1, "1111"), object(255, "0110")], "1111"],
    ["and show where nothing else is", [object(255, "1110"), object(1, "1000")], "1xx0"],
    ["whether they come first or last", [object(1, "1000"), object(255, "1110")], "1xx0"],
    ["none at all", [], "0000"],
  ])("%s", (_, objects, row) => {
    const { data } = paint(objects, { width: 4, height: 1 }, new DrawingWork("a"));
    expect([...data].map((label) => (label === 255 ? "x" : label)).join("")).toBe(row);
  });

  test("cost their pixels", () => {
    const objects = [object(1, "0110"), object(2, "1011")];
    const draw = (limit: number) =>
      paint(objects, { width: 4, height: 1 }, new DrawingWork("a", limit));
    expect(() => draw(5)).not.toThrow();
    expect(() => draw(4)).toThrow("after 2 objects and 5 pixels");
  });
});

const [overlap, touching, merged] = ["overlapping objects", "touching pixels", "became one"];
const [covered, empty, ignored] = ["covered by others", "without a pixel", "ignored (255)"];
const box: MaskObject = { ...object(1, "1100"), isBox: true };
test.each<[string, InstanceKind, MaskObject[], string[]]>([
  ["objects apart", "regions", [object(1, "1100"), object(1, "0001")], []],
  ["neighbors of different classes", "regions", [object(1, "1100"), object(2, "0011")], []],
  ["neighbors of one class", "regions", [object(1, "1100"), object(1, "0011")], [touching]],
  ["an object in two parts", "regions", [object(1, "1001")], [touching]],
  ["an object in two parts, by class", "classes", [object(1, "1001")], []],
  ["two objects of a class, by class", "classes", [object(1, "1000"), object(1, "0001")], [merged]],
  ["one pixel in two objects", "regions", [object(1, "1110"), object(2, "0011")], [overlap]],
  ["an object over ignored pixels", "regions", [object(1, "1100"), object(255, "1111")], []],
  ["a hidden object", "regions", [object(1, "1111"), object(2, "1111")], [covered]],
  ["an object without a pixel", "regions", [object(1, "0000"), object(2, "1111")], [empty]],
  ["an object on top of background", "regions", [object(0, "1100"), object(1, "1000")], []],
  ["a box alone", "regions", [box, object(2, "0001")], [ignored]],
  [
    "an object of no known class",
    "regions",
    [{ ...object(255, "1100"), unknown: ignored! }],
    [ignored],
  ],
  ["nothing", "classes", [], []],
])("details that a label map cannot hold are told: %s", (_, instances, objects, expected) => {
  const losses = new LostDetails();
  const size = { width: 4, height: 1 };
  losses.read("a", objects.length);
  paintObjects(objects, size, "a", { losses, instances, work: new DrawingWork("a") });
  const told = losses.list();
  expect(told.map(({ images }) => images)).toEqual(expected.map(() => 1));
  expected.forEach((part, i) => expect(told[i]!.what).toContain(part));
});

describe("an object of which only the box is known", () => {
  const draw = (boxes?: BoxRule) => {
    const losses = new LostDetails();
    losses.read("a", 2);
    const options = { losses, instances: "regions", work: new DrawingWork("a.json: a.png"), boxes };
    const objects = [box, object(2, "0100")];
    const map = paintObjects(objects, { width: 4, height: 1 }, "a", options as never);
    return { row: [...map.data].join(" "), told: losses.list() };
  };

  test("becomes ignored pixels below the others, which is told with the number of objects", () => {
    const told = [
      { what: expect.stringContaining("ignored (255)") as string, images: 1, objects: 1 },
    ];
    expect(draw()).toEqual({ row: "255 2 0 0", told });
    expect(draw("ignore")).toEqual({ row: "255 2 0 0", told });
  });

  test("is filled if asked, which is told and loses no object", () => {
    const { row, told } = draw("fill");
    expect(row).toBe("1 2 0 0");
    expect(told.map(({ what }) => what)).toContain(
      "objects of which only the box is known are filled boxes",
    );
    expect(told.flatMap(({ objects }) => objects ?? [])).toEqual([]);
  });

  test("lets its image be left out by name if asked", () => {
    expect(() => draw("leave-out")).toThrow(/^a\.json: a\.png: 1 object of it has only a box/);
  });
});
