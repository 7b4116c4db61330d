import { counted } from "../text/units.ts";
import type { OpenedDataset, SplitCounts } from "./open.ts";

/** Whether a training can be expected to give usable masks. */
export type Outlook = "good" | "doubtful" | "hopeless";

/** An estimate of what a training on a data set can give, and the numbers behind it. It refuses nothing. */
export interface Judgment {
  readonly fromRandomWeights: Outlook;
  /** With an encoder that knows photographs already, such as ImageNet's. */
  readonly fromFirstWeights: Outlook;
  readonly trainingImages: number;
  readonly validationImages: number;
  readonly classes: number;
  /** Training images a class, those without any included. */
  readonly imagesPerClass: {
    readonly least: number;
    readonly median: number;
    readonly most: number;
  };
  /** Classes without a training image. */
  readonly classesWithoutImages: number;
}

/**
 * Training images a class, in the median, from which on a training is hopeful, and from which on it is not hopeless. The
 * demo's drawings take some 250 a class from random weights, VOC's photographs some 700 with ImageNet's; these are rules of
 * thumb well below.
 */
const enough = { random: 100, first: 20 } as const;
const tooFew = { random: 20, first: 5 } as const;

/** Share of the classes without a training image that spoils everything. */
const mostWithout = 1 / 3;

/** Fewest validation images whose scores say something. */
export const fewestValidation = 10;

export function judge({ classes, counts }: Pick<OpenedDataset, "classes" | "counts">): Judgment {
  const none: SplitCounts = { images: 0, masks: 0, untagged: 0, perClass: classes.map(() => 0) };
  const train = counts.splits["train"] ?? none;
  const sorted = [...train.perClass].sort((a, b) => a - b);
  const median = sorted[Math.floor(sorted.length / 2)] ?? 0;
  const without = sorted.filter((images) => images === 0).length;
  const outlook = (weights: "random" | "first"): Outlook => {
    if (median < tooFew[weights] || without > mostWithout * classes.length) return "hopeless";
    return median < enough[weights] || without > 0 ? "doubtful" : "good";
  };
  return {
    fromRandomWeights: outlook("random"),
    fromFirstWeights: outlook("first"),
    trainingImages: train.images,
    validationImages: (counts.splits["val"] ?? none).images,
    classes: classes.length,
    imagesPerClass: { least: sorted[0] ?? 0, median, most: sorted.at(-1) ?? 0 },
    classesWithoutImages: without,
  };
}

const words: Readonly<Record<Outlook, string>> = {
  good: "this can work",
  doubtful: "this may work",
  hopeless: "this will not work",
};

/** The verdicts of a judgment, a line each; none if all is well. */
export function verdicts(judgment: Judgment): string[] {
  const { fromRandomWeights: random, fromFirstWeights: first } = judgment;
  if (random === "good" && first === "good") return [];
  const size = `${counted(judgment.trainingImages, "image")}, ${judgment.classes} ${judgment.classes === 1 ? "class" : "classes"}`;
  return [
    `${size}, no first weights: ${words[random]}`,
    `${size}, first weights of photographs: ${words[first]}`,
  ];
}

/** The numbers behind a judgment, a line each. */
export function figures(judgment: Judgment): string[] {
  const { imagesPerClass, classesWithoutImages: without, classes, validationImages } = judgment;
  const { least, median, most } = imagesPerClass;
  const share = classes === 0 ? 0 : Math.round((100 * without) / classes);
  const few = validationImages < fewestValidation ? ", too few for scores to say much" : "";
  return [
    `training images a class: ${median} in the median, ${least} to ${most}; hopeful are ${enough.random} without first weights, ${enough.first} with them`,
    `classes without a training image: ${without} of ${classes} (${share} %)`,
    `validation: ${counted(validationImages, "image")}${few}`,
  ];
}
