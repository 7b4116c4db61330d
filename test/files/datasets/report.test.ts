import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { generateScene, sceneClasses } from "../../../src/method/data/scenes.ts";
import {
  formatProblem,
  formatReport,
  inspectDataset,
  openDataset,
  writeScenes,
} from "../../../src/files/datasets/index.ts";
import { makeFolder, Mask, Picture } from "./folders.ts";
import { nodeHost } from "../../../src/host/node/host.ts";

test("an inspection goes on past errors and finds what only decoding shows", async () => {
  const whole = await import("sharp").then(({ default: sharp }) =>
    sharp({
      create: {
        width: 64,
        height: 64,
        channels: 3,
        background: "#345",
        noise: { type: "gaussian", mean: 99, sigma: 40 },
      },
    })
      .png()
      .toBuffer(),
  );
  const root = await makeFolder({
    "images/a.jpg": new Picture(),
    "images/b.jpg": new Picture(),
    "images/c.jpg": new Picture(),
    "images/cut.png": whole.subarray(0, whole.length / 2),
    "masks/a.png": new Mask([0, 2]),
    "masks/b.png": new Mask([0, 9]),
    "masks/c.png": new Mask([0], 5, 5),
    "classes.txt": "cat\ndog\ncow\n",
    "tags.csv": "file,tags\na.jpg,cat\nb.jpg,dog\nc.jpg,mouse\ncut.png,cat\nd.jpg\n",
  });
  const steps: string[] = [];
  const report = await inspectDataset(nodeHost, root, {
    onProgress: (done, total, what) => steps.push(`${what} ${done}/${total}`),
  });
  expect(
    report.problems.map((p) => `${p.severity} ${formatProblem(p).replace(`${root}/`, "")}`),
  ).toEqual([
    `error masks/b.png: mask has label 9 at x 1, y 0, but there are 3 classes; labels are 0 (background), 1 to 3 and 255 (ignore)`,
    `error masks/c.png: mask is 5x5, but its image ${join(root, "images/c.jpg")} is 8x6`,
    `error tags.csv:4: unknown tag "mouse": it is not in ${join(root, "classes.txt")} (number of classes: 3)`,
    "error tags.csv:6: 1 field, expected 2 (file,tags); separate several tags by semicolons",
    'warning classes.txt: class "cow" has no images',
    expect.stringMatching(
      /^warning images\/cut\.png: not a readable image: .*; it will be skipped$/,
    ),
    'warning masks/a.png: mask shows "dog", which the image is not tagged with',
  ]);
  expect(steps).toEqual(
    ["headers", "images"].flatMap((what) => [1, 2, 3, 4].map((done) => `${what} ${done}/4`)),
  );
  expect(report.trainable).toBe(false);
  expect(report.sides).toEqual([6, 64]);
  expect(report.maskPixels).toEqual([24, 0, 24, 0]);

  const text = formatReport(report, { color: false, maxProblems: 2 });
  expect(text).toContain("4 errors\n");
  expect(text).toContain("... and 2 more");
  expect(text).toContain("Not ready for training: 4 errors");
  expect(text).toMatch(/3 {2}cow .*no images/);
});

test("a front end words the remedies of a problem in a report", async () => {
  const root = await makeFolder({
    "images/a.png": new Picture(),
    "tags.csv": "file,tags\na,cat\n",
  });
  const report = await inspectDataset(nodeHost, root);
  const problem = { severity: "warning", file: "masks", message: "slow" } as const;
  const remedies = [{ kind: "omit", name: "data" }] as const;
  const problems = [
    { ...problem, remedies },
    { ...problem, message: "dark" },
  ];
  const wordRemedies = (all: readonly { kind: string }[]) => all.map(({ kind }) => kind).join();
  const text = formatReport({ ...report, problems }, { color: false, wordRemedies });
  expect(text).toContain("  masks: slow; omit\n  masks: dark\n");
});

test("scenes are written as a plain data set that is read back the same", async () => {
  const root = join(await makeFolder({}), "scenes");
  await writeScenes(nodeHost, root, { count: 12, seed: 9, size: 64, valCount: 4 });
  const dataset = await openDataset(nodeHost, root, { seed: 1 });
  expect(dataset.classes).toEqual(sceneClasses);
  expect(dataset.problems).toEqual([]);
  expect([dataset.splits["train"]!.length, dataset.splits["val"]!.length]).toEqual([8, 4]);
  const scene = generateScene({ seed: 9, index: 11, size: 64 });
  const last = dataset.splits["val"]![3]!;
  expect(last.tags).toEqual(scene.tags);
  expect(await dataset.reader.readImage(last)).toEqual(scene.image);
  expect(await dataset.reader.readMask(last)).toEqual(scene.mask);
  expect(readFileSync(join(root, "tags.csv"), "utf8")).toMatch(
    /^file,tags,split\nscene-0001\.png,/,
  );

  const text = formatReport(await inspectDataset(nodeHost, root), { color: false });
  expect(text).toContain("images   12, sides 64 px");
  expect(text).toContain("train 8, val 4");
  // Eight training images of four classes.
  expect(text).toMatch(/^8 images, 4 classes, no first weights: this will not work$/m);
  expect(text).not.toContain("Ready");
  await expect(writeScenes(nodeHost, root, { count: 3, seed: 1, valCount: 3 })).rejects.toThrow(
    "3 of 3",
  );
});

test("many scenes, painted in threads, are the same as one by one", async () => {
  const root = join(await makeFolder({}), "scenes");
  const told: number[] = [];
  const onProgress = (done: number): void => void told.push(done);
  await writeScenes(nodeHost, root, { count: 120, seed: 9, size: 32, valCount: 2, onProgress });
  const { splits, reader } = await openDataset(nodeHost, root, { seed: 1 });
  for (const [i, sample] of splits["train"]!.entries()) {
    const scene = generateScene({ seed: 9, index: i, size: 32 });
    expect(sample.tags).toEqual(scene.tags);
    expect(await reader.readImage(sample)).toEqual(scene.image);
  }
  expect(splits["train"]).toHaveLength(118);
  expect(told).toEqual(Array.from({ length: 120 }, (_, i) => i + 1));
});
