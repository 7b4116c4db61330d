import { describe, expect, test } from "vitest";
import { makeFolder, Picture } from "../../datasets/folders.ts";
import { brush, cats, open, rows, size, task, type Options } from "./tasks.ts";

/** A region of the image of 10 x 5 pixels, in percent. */
const rectangle = (x: number, width: number, names: string[], more: object = {}) => ({ ...size, type: "rectanglelabels", value: { x, y: 0, width, height: 20, rectanglelabels: names }, ...more }); // prettier-ignore
const triangle = (points: number[][], names?: string[]) => ({ points, ...(names && { polygonlabels: names }) }); // prettier-ignore
const corner = [[50, 0], [70, 0], [70, 20], [50, 20]]; // prettier-ignore
const point = (label: string) => ({ ...size, type: "keypointlabels", value: { x: 5, y: 10, width: 1, keypointlabels: [label] } }); // prettier-ignore

/** The first row of the mask of an annotation, and what was told with the number of objects. */
async function read(result: object[], options: Options = {}) {
  return readTask(task({ annotations: [{ result }] }), options);
}

async function readTask(one: object, options: Options = {}) {
  const { entries, losses } = await open([one], { classes: ["cat", "dog"], ...options });
  const { data } = await entries[0]!.read();
  const row = [...data.subarray(0, 10)].map((label) => (label === 255 ? "x" : label)).join("");
  return { row, told: losses.list().map(({ what, objects }) => [what, objects]) };
}

const told = (part: string, objects?: number) => [expect.stringContaining(part), objects];
// A brush whose pixels are those of the first rows of the image's first three columns.
const three = brush("cat", 0, 3, 47);

describe("of several annotations", () => {
  const dogs = brush("dog", 0, 2, 48);
  const [early, late] = ["2024-01-01T10:00:00.000000Z", "2024-01-02T10:00:00.000000Z"];
  test.each<[string, object[], string, number | undefined]>([
    ["the ground truth is taken", [{ ground_truth: true, result: [cats] }, { result: [dogs] }], "1110", 1], // prettier-ignore
    ["one with results is taken", [{ result: [dogs] }, { result: [] }], "2200", undefined],
    ["the newest is taken", [{ result: [cats], updated_at: late }, { result: [dogs, dogs], updated_at: early }], "1110", 2], // prettier-ignore
    ["the last is taken where no time is told", [{ result: [cats] }, { result: [dogs] }], "2200", 1], // prettier-ignore
    ["even an empty ground truth is taken", [{ ground_truth: true, result: [] }, { result: [dogs] }], "0000", 1], // prettier-ignore
  ])("%s, which is told", async (_, annotations, start, objects) => {
    const one = task({ data: { image: "a.jpg", width: 10, height: 5 }, annotations });
    const { row, told: losses } = await readTask(one);
    expect(row.slice(0, 4)).toBe(start);
    expect(losses).toEqual([told("of several annotations of the task one was taken", objects)]);
  });

  test("cancelled ones do not count", async () => {
    const cancelled = { was_cancelled: true, result: [dogs] };
    const { row, told: losses } = await readTask(task({ annotations: [{ result: [cats] }, cancelled] })); // prettier-ignore
    expect([row, losses]).toEqual(["1110000000", []]);
  });
});

test.each<[string, object, RegExp]>([
  ["skipped", { annotations: [{ was_cancelled: true, result: [cats] }] }, /was skipped/],
  ["skipped, in spite of a prediction", { annotations: [{ was_cancelled: true, result: [] }], predictions: [{ result: [cats] }] }, /was skipped/], // prettier-ignore
  ["skipped, by its number alone", { annotations: [], cancelled_annotations: 1 }, /was skipped/],
  ["never labeled", { annotations: [], predictions: [] }, /was never labeled/],
  ["labeled with points alone", { annotations: [{ result: [point("cat")] }] }, /results of "cat", but none with an area/], // prettier-ignore
])("a task that was %s has no mask, and not one of background", async (_, part, message) => {
  const { entries } = await open([task(part), task()], { classes: ["cat"] });
  await expect(entries[0]!.read()).rejects.toThrow(message);
  await expect(entries[0]!.read()).rejects.toThrow(/^l\.json: task 1 \(a\.jpg\): /);
  expect((await entries[1]!.read()).data[0]).toBe(1);
});

test("an annotation without regions is background, as a person saw nothing", async () => {
  const one = { data: { image: "a.jpg", width: 10, height: 5 }, annotations: [{ result: [] }] };
  expect(await readTask(one)).toEqual({ row: "0000000000", told: [] });
});

describe("prompts of a segmentation model", () => {
  test("are not drawn beside the brush of their label", async () => {
    const { row, told: losses } = await read([rectangle(0, 60, ["cat"]), point("cat"), three]);
    expect(row).toBe("1110000000");
    expect(losses).toEqual([told("that prompted an outline of the same label", 2)]);
  });

  test("are rectangles that an outline of their label overlaps, and no others", async () => {
    const apart = await read([rectangle(60, 20, ["cat"]), three]);
    expect(apart.row).toBe("111000xx00");
    const other = await read([rectangle(0, 50, ["dog"]), three]);
    expect(other.row).toBe("111xx00000");
    for (const { told: losses } of [apart, other])
      expect(losses).toEqual([told("only the box is known", 1)]);
  });
});

describe("a rectangle", () => {
  test.each([
    ["ignore", "xx00000000"],
    ["fill", "1100000000"],
  ] as const)("under the rule %s is %s", async (boxes, row) => {
    // prettier-ignore
    expect((await read([rectangle(0, 20, ["cat"])], { boxes })).row).toBe(row);
  });

  test("lets its image be left out by name if asked", async () => {
    const reading = read([rectangle(0, 20, ["cat"]), three, rectangle(50, 20, ["dog"])], { boxes: "leave-out" }); // prettier-ignore
    await expect(reading).rejects.toThrow(
      /^l\.json: task 1 \(a\.jpg\): 1 object of it has only a box/,
    );
  });
});

describe("a shape and its label", () => {
  const polygon = { ...size, id: "q", type: "polygon", value: triangle(corner) };
  const label = {
    ...size,
    id: "q",
    type: "labels",
    value: { ...triangle(corner), labels: ["dog"] },
  };
  const stroke = { format: "rle", rle: three.value.rle };
  test("may be two results of one id, in any order, with or without the shape twice", async () => {
    const bare = { id: "q", type: "labels", value: { labels: ["dog"] } };
    for (const result of [
      [polygon, label],
      [label, polygon],
      [polygon, bare],
      [bare, polygon],
    ]) {
      expect(await read(result)).toEqual({ row: "0000022000", told: [] });
    }
    const brushes = [{ ...size, id: "b", type: "brush", value: stroke }, { ...size, id: "b", type: "labels", value: { ...stroke, labels: ["cat"] } }]; // prettier-ignore
    expect(await read([...brushes, polygon, label])).toEqual({ row: "1110022000", told: [] });
    expect((await open([task({ annotations: [{ result: [...brushes, polygon, label] }] })])).classes).toEqual(["cat", "dog"]); // prettier-ignore
  });

  test("may be a shape with choices of its own", async () => {
    const choice = { id: "q", type: "choices", value: { choices: ["cat"] } };
    expect(await read([polygon, choice])).toEqual({ row: "0000011000", told: [] });
  });

  test("are several regions where the shapes of an id differ", async () => {
    const result = [
      { ...three, id: "q" },
      { ...size, id: "q", value: triangle(corner, ["dog"]) },
    ];
    expect(await read(result)).toEqual({ row: "1110022000", told: [] });
  });
});

test("a region without a label is ignored and told, as something is there", async () => {
  const { row, told: losses } = await read([{ ...size, value: triangle(corner, []) }, three]);
  expect(row).toBe("11100xx000");
  expect(losses).toEqual([told("regions without a label are ignored", 1)]);
});

test("a polygon of fewer than three points is told and the others are drawn", async () => {
  const line = { ...size, value: triangle(corner.slice(0, 2), ["dog"]) };
  const { row, told: losses } = await read([line, three]);
  expect(row).toBe("1110000000");
  expect(losses).toEqual([told("fewer than three points", 1)]);
});

test("an object outside of the image is told as one without a pixel", async () => {
  const outside = corner.map(([x, y]) => [x! + 100, y!]);
  const { row, told: losses } = await read([{ ...size, value: triangle(outside, ["dog"]) }, three]);
  expect(row).toBe("1110000000");
  expect(losses).toEqual([told("objects without a pixel", 1)]);
});

test("the short form is read like the full one, with one entry for each annotation", async () => {
  const points = { points: corner, original_width: 10, original_height: 5 };
  const entries = [
    { image: "/data/upload/1/a.jpg", id: 7, tag: [{ ...points, polygonlabels: ["dog"], type: "PolygonLabels" }], annotation_id: 1, updated_at: "2024-01-01" }, // prettier-ignore
    { image: "/data/upload/1/a.jpg", id: 7, annotation_id: 2, updated_at: "2024-01-03" },
    { image: "b.jpg", id: 8, shape: [{ ...points, type: "Polygon" }], label: [{ ...points, labels: ["cat"], type: "Labels" }], annotation_id: 3 }, // prettier-ignore
    { image: "c.jpg", id: 9 },
  ];
  const { entries: masks, losses } = await open(entries);
  expect(masks.map(({ name }) => name)).toEqual(["a", "b", "c"]);
  const first = await Promise.all(masks.slice(0, 2).map(async (mask) => (await mask.read()).data.subarray(0, 10).join(""))); // prettier-ignore
  expect(first).toEqual(["0000022000", "0000011000"]);
  expect(losses.list().map(({ what }) => what)).toEqual([expect.stringContaining("of several annotations")]); // prettier-ignore
  await expect(masks[2]!.read()).rejects.toThrow(/never labeled/);
});

describe("an image on disk", () => {
  const upload = (name: string) => ({ ...task(), data: { image: `/data/upload/1/${name}` } });

  test("is found under the name that it had before its upload, which its mask gets too", async () => {
    const folder = await makeFolder({ "a.png": new Picture(10, 5), "b.png": new Picture(10, 5), "00112233-b.png": new Picture(10, 5) }); // prettier-ignore
    const { entries } = await open([upload("1a2b3c4d-a.png"), upload("00112233-b.png"), upload("1a2b3c4d-c.png"), upload("1a2b3c-a.png")], { folder }); // prettier-ignore
    expect(entries.map(({ name, fileName, image }) => [name, fileName, image?.slice(folder.length + 1)])).toEqual([
      ["a", "a.png", "a.png"],
      ["00112233-b", "00112233-b.png", "00112233-b.png"],
      ["1a2b3c4d-c", "1a2b3c4d-c.png", undefined],
      ["1a2b3c-a", "1a2b3c-a.png", undefined],
    ]); // prettier-ignore
  });

  test("is not guessed where two uploads had one name", async () => {
    const folder = await makeFolder({ "a.png": new Picture(10, 5) });
    const { entries } = await open([upload("1a2b3c4d-a.png"), upload("5e6f7a8b-a.png")], {
      folder,
    });
    expect(entries.map(({ name }) => name)).toEqual(["1a2b3c4d-a", "5e6f7a8b-a"]);
  });

  test("gives the size: percent are those of the image itself, and strokes are scaled", async () => {
    const folder = await makeFolder({ "a.jpg": new Picture(20, 10) });
    const result = [{ ...size, value: triangle(corner, ["dog"]) }, three];
    const { entries, losses } = await open([task({ annotations: [{ result }] })], { folder });
    const { data, width } = await entries[0]!.read();
    expect(width).toBe(20);
    expect(data.subarray(0, 20).join("")).toBe("11111100002222000000");
    expect(data.subarray(20, 40).join("")).toBe("11111100002222000000");
    expect(data.subarray(40).every((label) => label === 0)).toBe(true);
    expect(losses.list().map(({ what }) => what)).toEqual([expect.stringContaining("at another size")]); // prettier-ignore
  });

  test("refuses results of another shape, such as those of an image that lay on its side", async () => {
    const folder = await makeFolder({ "a.jpg": new Picture(5, 10) });
    await expect(rows([task()], { folder })).rejects.toThrow(
      /10x5, but its image .*a\.jpg is 5x10$/,
    );
    const turned = { ...cats, image_rotation: 90 };
    await expect(rows([task({ annotations: [{ result: [turned] }] })])).rejects.toThrow(/turned by 90 degrees/); // prettier-ignore
  });
});
