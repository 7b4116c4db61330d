import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { nodeHost } from "../../../../src/host/node/host.ts";
import { vocPalette } from "../../../../src/method/images/classes.ts";
import { hexColor, overlayColor } from "../../../../src/method/images/overlay.ts";
import { decodeBrush } from "../../../../src/files/formats/label-studio/brush.ts";
import { MaskFolder, type MaskFolderOptions } from "../../../../src/files/formats/mask-folder.ts";
import { makeFolder } from "../../datasets/folders.ts";

const classes = ["cat", 'a "b" & <c>'];
const row = (...data: number[]) => ({ width: data.length, height: 1, data: Uint8Array.from(data) });

interface Task {
  data: { image: string; width: number; height: number };
  predictions: {
    score?: number;
    model_version: string;
    result: { id: string; value: { rle: number[]; brushlabels: string[] } }[];
  }[];
}

async function write(
  masks: readonly (readonly [string, ReturnType<typeof row>, number?])[],
  options: MaskFolderOptions = {},
) {
  const root = await makeFolder({});
  const folder = await MaskFolder.create(nodeHost, root, classes, { format: ["labelstudio"], ...options }); // prettier-ignore
  for (const [name, labels, confidence] of masks)
    await folder.write(name, labels, undefined, confidence === undefined ? {} : { confidence });
  await folder.finish();
  const read = (name: string) => readFileSync(join(root, name), "utf8");
  return { tasks: JSON.parse(read("labelstudio.json")) as Task[], xml: read("labelstudio.xml") };
}

test("every region is a numbered result with its pixels, and a confidence has four digits", async () => {
  const { tasks } = await write([
    ["a", row(1, 0, 2, 2), 0.123456],
    ["b", row(0, 1)],
    ["c", row(0), 0],
  ]);
  const results = tasks.map(({ data, predictions: [one] }) => [
    one!.score,
    one!.result.map(({ id, value }) => [id, value.brushlabels[0], [...decodeBrush(value.rle, data.width, 1, "")].join("")]), // prettier-ignore
  ]);
  expect(results).toEqual([
    [0.1235, [["1-1", "cat", "1000"], ["1-2", 'a "b" & <c>', "0011"]]],
    [undefined, [["2-1", "cat", "01"]]],
    [0, []],
  ]); // prettier-ignore
  expect(tasks.map(({ data }) => data)).toEqual([
    { image: "/data/local-files/?d=a.jpg", width: 4, height: 1 },
    { image: "/data/local-files/?d=b.jpg", width: 2, height: 1 },
    { image: "/data/local-files/?d=c.jpg", width: 1, height: 1 },
  ]);
});

test("the configuration has a color for each class, and a label for ignored pixels if there are any", async () => {
  const labels = (xml: string) => xml.match(/<Label .*\/>/g);
  const expected = [
    `<Label value="cat" background="${hexColor(overlayColor(1))}"/>`,
    `<Label value="a &quot;b&quot; &amp; &lt;c&gt;" background="${hexColor(overlayColor(2))}"/>`,
  ];
  expect(labels((await write([["a", row(1)]])).xml)).toEqual(expected);
  const { xml, tasks } = await write([["a", row(255)], ["b", row(1)]]); // prettier-ignore
  const color = hexColor(vocPalette[255]!);
  expect(labels(xml)).toEqual([...expected, `<Label value="ignored" background="${color}"/>`]);
  expect(tasks[0]!.predictions[0]!.result[0]!.value.brushlabels).toEqual(["ignored"]);
});

test("objects may be whole classes, and addresses may begin otherwise", async () => {
  const options = { instances: "classes", imageUrl: "s3://x/" } as const;
  const { tasks } = await write([["trip/a b", row(1, 0, 1)]], options);
  expect(tasks[0]!.predictions[0]!.result).toHaveLength(1);
  expect(tasks[0]!.data.image).toBe("s3://x/trip/a%20b.jpg");
});
