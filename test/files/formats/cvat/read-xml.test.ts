import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { zipSync, strToU8 } from "fflate";
import { describe, expect, test } from "vitest";
import { LostDetails } from "../../../../src/files/formats/lost-details.ts";
import { ImageFiles, openMasks } from "../../../../src/files/formats/open.ts";
import { nodeHost } from "../../../../src/host/node/host.ts";
import { makeFolder, Picture } from "../../datasets/folders.ts";
import { readEntries } from "../masks.ts";

const labels = (...names: string[]) =>
  `<meta><task><labels>${names.map((name) => `<label><name>${name}</name><color>#aa0000</color></label>`).join("")}</labels></task></meta>`;
const image = (inside: string, name = "a.png") =>
  `<image id="0" name="${name}" width="4" height="2">${inside}</image>`;
const xml = (inside: string, meta = labels("cat", "dog")) =>
  `<?xml version="1.0" encoding="utf-8"?>\n<annotations><version>1.1</version>${meta}${inside}</annotations>`;
const polygon = '<polygon label="cat" source="manual" occluded="0" points="0.0,0.0;2.0,0.0;2.0,2.0;0.0,2.0" z_order="0"></polygon>'; // prettier-ignore
const mask = '<mask label="dog" rle="1, 1, 0, 2" left="2" top="0" width="2" height="2" z_order="0"></mask>'; // prettier-ignore

async function read(path: string, tell: (note: string) => void = () => undefined) {
  const losses = new LostDetails();
  const images = await ImageFiles.find(nodeHost.store, undefined, join(path, ".."));
  const source = await openMasks(nodeHost, path, { images, losses, instances: "regions", tell });
  const { masks, refused } = await readEntries(source.entries);
  await source.close();
  return { format: source.format, classes: source.classes, masks, refused, lost: losses.list() };
}

async function readXml(text: string, files: Parameters<typeof makeFolder>[0] = {}) {
  const root = await makeFolder({ "annotations.xml": text, ...files });
  return read(join(root, "annotations.xml"));
}

test("polygons and brushed masks are drawn in the labels of the task's order", async () => {
  expect(await readXml(xml(image(polygon + mask)))).toEqual({
    ...{ format: "cvat", classes: ["cat", "dog"], refused: [], lost: [] },
    masks: { a: "11021122" },
  });
});

test("the file, its folder, and a zip of it are read alike", async () => {
  const text = xml(image(polygon));
  const root = await makeFolder({ "annotations.xml": text, "images/a.png": new Picture(4, 2) });
  expect((await read(root)).masks).toEqual({ a: "11001100" });
  const zip = join(root, "..", "task.zip");
  writeFileSync(zip, zipSync({ "annotations.xml": strToU8(text) }));
  expect((await read(zip)).masks).toEqual({ a: "11001100" });
});

test("an ellipse is drawn, a box is ignored and told", async () => {
  const ellipse = '<ellipse label="dog" cx="3" cy="1" rx="1" ry="1"></ellipse>';
  const box = '<box label="cat" xtl="0" ytl="0" xbr="1" ybr="2"></box>';
  const { masks, lost } = await readXml(xml(image(ellipse + box)));
  expect(masks).toEqual({ a: "x022x022" });
  expect(lost).toEqual([
    { what: "objects of which only the box is known are ignored (255)", images: 1, objects: 1 },
  ]);
});

test("a turned box turns about its center", async () => {
  const box = '<box label="ignored" xtl="0" ytl="0" xbr="4" ybr="2" rotation="90"></box>';
  const { masks } = await readXml(xml(image(box + polygon), labels("cat", "ignored")));
  expect(masks).toEqual({ a: "11x011x0" });
});

describe("what is not known does not become background", () => {
  test.each<[string, string, RegExp]>([
    ["an image without annotations", "", /a\.png: has no annotation; it may show nothing/],
    ["an image with lines alone", '<polyline label="cat" points="0,0;4,2"></polyline>', /has 1 annotation without an area/],
    ["an image with tags alone", '<tag label="cat"></tag>', /has 1 annotation without an area/],
    ["a label that the task lacks", polygon.replace("cat", "cow"), /polygon 1: its label "cow" is not among those/],
    ["runs of another length", mask.replace("1, 1", "1, 9"), /mask 1: its run lengths have 12 pixels, but its box 2x2 has 4/],
    ["points that are no numbers", polygon.replace("2.0", "x"), /polygon 1: its points are not pairs of numbers/],
  ])("%s is left out by name", async (_, inside, message) => {
    const { masks, refused } = await readXml(xml(image(inside)));
    expect(masks).toEqual({});
    expect(refused).toEqual([expect.stringMatching(message)]);
  }); // prettier-ignore

  test("points beside polygons are told", async () => {
    const { masks, lost } = await readXml(xml(image(`${polygon}<points label="cat" points="1,1"></points>`))); // prettier-ignore
    expect(masks).toEqual({ a: "11001100" });
    expect(lost).toEqual([
      { what: "annotations without an area (lines, points, tags)", images: 1, objects: 1 },
    ]);
  });
});

test("labels named like the background are label 0, and names may have entities", async () => {
  const back = polygon.replace("cat", "background");
  const salt = mask.replace("dog", "salt &amp; pepper");
  const meta = labels("background", "salt &amp; pepper");
  const { classes, masks } = await readXml(xml(image(back + salt), meta));
  expect(classes).toEqual(["salt & pepper"]);
  expect(masks).toEqual({ a: "00010011" });
});

test("an image of another size than its file is left out", async () => {
  const { refused } = await readXml(xml(image(polygon)), { "images/a.png": new Picture(2, 4) });
  expect(refused).toEqual([expect.stringMatching(/a\.png: mask is 4x2, but its image .* is 2x4/)]);
});

test("CVAT for video and broken XML are named exactly", async () => {
  await expect(readXml(xml('<track id="0" label="cat"></track>'))).rejects.toThrow(/is "CVAT for video 1\.1".*export the task as/); // prettier-ignore
  await expect(readXml("<annotations>\n<image>\n</annotations>")).rejects.toThrow(/annotations\.xml:\d: not readable as XML/); // prettier-ignore
});
