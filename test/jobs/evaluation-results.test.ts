import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { XMLValidator } from "fast-xml-parser";
import sharp from "sharp";
import { afterEach, beforeEach, expect, test } from "vitest";
import { nodeHost } from "../../src/host/node/host.ts";
import { ConfusionMatrix } from "../../src/method/eval/metrics.ts";
import { confusionPicture } from "../../src/files/report/confusion-picture.ts";
import { resultFiles, writeResults } from "../../src/jobs/evaluation-results.ts";
import { WorstImages } from "../../src/files/report/worst-images.ts";

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "results-"));
});
afterEach(() => {
  rmSync(root, { recursive: true, force: true });
});

function matrixOf(classes: number, truth: number[], prediction: number[]): ConfusionMatrix {
  const matrix = new ConfusionMatrix(classes);
  matrix.add(Uint8Array.from(truth), Uint8Array.from(prediction));
  return matrix;
}

test.each([2, 21, 81, 255])("a confusion matrix of %i classes is a picture", async (count) => {
  const labels = Array.from({ length: count }, (_, c) => c);
  const names = labels.map((c) => (c === 1 ? 'cat & "<dog>"' : `class ${c}`));
  const svg = confusionPicture(matrixOf(count, labels, labels), names);
  expect(XMLValidator.validate(svg)).toBe(true);
  expect(svg.includes(">class 0 predicted as class 0: 100.00 %<")).toBe(true);
  expect(svg.includes(">cat &amp; &quot;&lt;dog&gt;&quot;<")).toBe(true);
  const { width, height, format } = await sharp(await nodeHost.codec.rasterize(svg)).metadata();
  expect(format).toBe("png");
  expect(Math.max(width, height)).toBeLessThan(4500);
});

test("cells are parts of their row, and a row without truth is hatched", () => {
  const svg = confusionPicture(matrixOf(3, [0, 0, 0, 0, 1], [0, 0, 0, 2, 2]), ["a", "b", "c"]);
  expect(svg).toContain("a predicted as a: 75.00 %");
  expect(svg).toContain("a predicted as c: 25.00 %");
  expect(svg).toContain("b predicted as c: 100.00 %");
  expect(svg).not.toContain("c predicted as");
  expect(svg.match(/url\(#none\)/g)).toHaveLength(1);
});

test("only the lowest scores are kept, worst first, whatever the order they come in", async () => {
  const worst = new WorstImages(nodeHost.codec, 2, 8);
  const labels = { width: 16, height: 8, data: new Uint8Array(128).fill(1) };
  for (const [name, meanIou] of [
    ["b", 0.5],
    ["c", 0.9],
    ["none", NaN],
    ["a", 0.1],
    ["d", 0.5],
  ] as const) {
    await worst.add({ name, meanIou, truth: labels, prediction: labels });
  }
  expect(worst.images.map(({ name }) => name)).toEqual(["a", "b"]);
  const { tiles, labels: shown } = worst.images[0]!;
  expect([tiles.map(({ title }) => title), shown]).toEqual([["Truth", "Prediction"], [1]]);
  const { width, height } = await sharp(tiles[0]!.jpeg).metadata();
  expect([width, height]).toEqual([8, 4]);
});

test("an evaluation's files hold every score, nothing where there is none, and text as text", async () => {
  const worst = new WorstImages(nodeHost.codec, 3);
  const truth = { width: 3, height: 1, data: Uint8Array.of(0, 1, 255) };
  const prediction = { width: 3, height: 1, data: Uint8Array.of(0, 0, 2) };
  const image = { width: 3, height: 1, data: new Uint8Array(9) };
  await worst.add({ name: "<b>odd</b>", image, truth, prediction, meanIou: 0.25 });
  const matrix = matrixOf(3, [0, 1, 255], [0, 0, 2]);
  const files = await writeResults(
    nodeHost,
    { out: join(root, "scores") },
    {
      ...{ about: { model: "m" }, title: "Worst", classes: ['cat, "big"', "dog"] },
      ...{ matrices: { cam: new ConfusionMatrix(3), seg: matrix }, tagF1: 0.5, masks: 1 },
      ...{ skipped: ["b.jpg: broken"], worst: worst.images },
    },
  );
  expect(files.map((file) => file.slice(root.length + 8))).toEqual(resultFiles);
  expect(readdirSync(join(root, "scores")).sort()).toEqual([...resultFiles].sort());
  const csv = readFileSync(files[1]!, "utf8").split("\n");
  expect(csv.slice(0, 4)).toEqual([
    "class,pixels,iou_cam,iou_seg,accuracy",
    "background,1,,0.500000,1.000000",
    '"cat, ""big""",1,,0.000000,0.000000',
    "dog,0,,,",
  ]);
  const metrics = JSON.parse(readFileSync(files[0]!, "utf8")) as Record<string, unknown>;
  expect(metrics).toMatchObject({
    ...{ model: "m", masks: 1, tagF1: 0.5, skipped: ["b.jpg: broken"] },
    metrics: { cam: { meanIou: null }, seg: { meanIou: 0.25, pixelAccuracy: 0.5 } },
    perClass: { seg: { background: 0.5, 'cat, "big"': 0, dog: null } },
    confusion: {
      of: "seg",
      pixels: [
        [1, 0, 0],
        [1, 0, 0],
        [0, 0, 0],
      ],
    },
  });
  const page = readFileSync(files[4]!, "utf8");
  expect(page).toContain("&lt;b&gt;odd&lt;/b&gt;");
  expect(page).toContain("IoU 25.0 %");
  expect(page.match(/data:image\/jpeg;base64,/g)).toHaveLength(3);
});
