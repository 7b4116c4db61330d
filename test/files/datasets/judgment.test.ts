import { expect, test } from "vitest";
import { inspectDataset } from "../../../src/files/datasets/index.ts";
import { judge } from "../../../src/files/datasets/judgment.ts";
import { nodeHost } from "../../../src/host/node/host.ts";
import { makeFolder, Picture } from "./folders.ts";

/** The judgment of training images a class, and of some images for validation. */
function judged(perClass: readonly number[], validation = 100) {
  const split = (images: number, counts: readonly number[]) => ({ images, masks: 0, untagged: 0, perClass: counts }); // prettier-ignore
  const images = perClass.reduce((a, b) => a + b, 0);
  const splits = {
    train: split(images, perClass),
    val: split(
      validation,
      perClass.map(() => 1),
    ),
  };
  const classes = perClass.map((_, i) => `c${i}`);
  return judge({ classes, counts: { all: split(images + validation, perClass), splits } });
}

test.each<[string, number[], string, string]>([
  ["the demo's", [250, 260, 240, 255], "good", "good"],
  ["a few dozen a class", [30, 40, 25], "doubtful", "good"],
  ["a dozen a class", [12, 10, 11], "hopeless", "doubtful"],
  ["one or two a class", [1, 2, 1, 3], "hopeless", "hopeless"],
  ["plenty, but a class without any", [300, 300, 300, 0], "doubtful", "doubtful"],
  ["half of the classes without any", [300, 300, 300, 0, 0], "hopeless", "hopeless"],
  ["no class", [], "hopeless", "hopeless"],
])("%s: %j", (_, perClass, random, first) => {
  const { fromRandomWeights, fromFirstWeights } = judged(perClass);
  expect([fromRandomWeights, fromFirstWeights]).toEqual([random, first]);
});

test("the numbers behind a judgment are those of the training images", () => {
  expect(judged([5, 0, 9, 2], 3)).toMatchObject({
    trainingImages: 16,
    validationImages: 3,
    classes: 4,
    imagesPerClass: { least: 0, median: 5, most: 9 },
    classesWithoutImages: 1,
  });
});

test("one image can start a training, and is judged; a class of other splits alone is a warning", async () => {
  const root = await makeFolder({
    "images/a.png": new Picture(),
    "images/b.png": new Picture(),
    "tags.csv": "file,tags,split\na.png,cat,train\nb.png,dog,val\n",
  });
  const { trainable, judgment, problems } = await inspectDataset(nodeHost, root);
  expect([trainable, judgment.fromFirstWeights, judgment.trainingImages]).toEqual([true, "hopeless", 1]); // prettier-ignore
  expect(problems.map(({ severity, message }) => [severity, message])).toEqual([
    ["warning", expect.stringMatching(/^no training image is tagged "dog", but 1 in other splits is: it is never learned/)], // prettier-ignore
  ]);
});
