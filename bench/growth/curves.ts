import type { Config } from "../../src/method/config.ts";

/** File format or layout of the images' tags. */
export type TagsAs = "csv" | "quoted-csv" | "json" | "jsonl" | "class-folders" | "voc";

/** Something to measure once, in a process of its own. Plain data. */
export type Task =
  | {
      readonly kind: "step";
      readonly backbone: Config["model"]["backbone"];
      readonly crop: number;
      readonly batch: number;
      readonly classes: number;
      readonly threads: number | null;
    }
  | { readonly kind: "listing"; readonly entries: number; readonly tagsAs: TagsAs }
  | { readonly kind: "opening"; readonly folder: string }
  | {
      readonly kind: "crf";
      readonly width: number;
      readonly height: number;
      readonly classes: number;
    };

/** Several ways to do the same thing, each measured by itself. */
export interface Table {
  readonly name: string;
  readonly title: string;
  /** Name of the curve whose section it follows. */
  readonly after: string;
  readonly rows: readonly { readonly name: string; readonly label: string; readonly task: Task }[];
}

/** How the cost of something grows with one quantity. */
export interface Curve {
  readonly name: string;
  readonly title: string;
  /** Quantity on the horizontal axis. */
  readonly axis: string;
  readonly points: readonly { readonly x: number; readonly label?: string; readonly task: Task }[];
  /** The expected growth, as a sentence. For steps, the operations of their graphs give it in numbers. */
  readonly expected: string;
  /** The largest expected exponent, for curves without counted operations. */
  readonly exponent?: number;
}

type Step = Extract<Task, { kind: "step" }>;
const step = (changes: Partial<Step>): Step => ({
  kind: "step",
  backbone: "mit_b1",
  crop: 224,
  batch: 2,
  classes: 20,
  threads: null,
  ...changes,
});
const backbones = ["mit_b0", "mit_b1", "mit_b2", "mit_b3", "mit_b4", "mit_b5"] as const;
/** Millions of parameters of each backbone, with the heads for 20 classes. */
const millions = [3.7, 13.7, 24.7, 44.6, 61.4, 82.0];

export const curves: readonly Curve[] = [
  {
    name: "crop",
    title: "A step against the crop's side (mit_b1, batch 2)",
    axis: "pixels",
    points: [160, 224, 320, 416, 512].map((crop) => ({ x: crop, task: step({ crop }) })),
    expected:
      "Expected exponent: 2, except attention: 4 in the last stage, which compares every token with every other.",
  },
  {
    name: "batch",
    title: "A step against the batch (mit_b1, crop 224)",
    axis: "crops",
    points: [1, 2, 4, 8].map((batch) => ({ x: batch, task: step({ batch }) })),
    expected: "Expected exponent: 1, less while a single crop does not occupy all cores.",
  },
  {
    name: "backbone",
    title: "A step against the backbone (crop 224, batch 2)",
    axis: "million parameters",
    points: backbones.map((backbone, i) => ({
      x: millions[i]!,
      label: backbone.replace("mit_", ""),
      task: step({ backbone }),
    })),
    expected: "Expected exponent: that of the operations, since depth and width grow together.",
  },
  {
    name: "classes",
    title: "A step against the classes (mit_b1, crop 224, batch 2)",
    axis: "classes",
    points: [2, 20, 80, 200].map((classes) => ({ x: classes, task: step({ classes }) })),
    expected:
      "Expected exponent: near 0 for few classes, rising to 1, since every pixel has one logit for each class.",
  },
  {
    name: "threads",
    title: "A step against the threads (mit_b1, crop 224, batch 2)",
    axis: "threads",
    points: [1, 2, 3].map((threads) => ({ x: threads, task: step({ threads }) })),
    expected:
      "Expected exponent: -1 up to the number of cores; further threads only wait for one another.",
  },
  {
    name: "listing",
    title: "Opening a data set: listing, checking, first batch planned",
    axis: "images with tags in a CSV file",
    points: [10_000, 100_000, 1_000_000].map((entries) => ({
      x: entries,
      task: { kind: "listing", entries, tagsAs: "csv" } as const,
    })),
    expected: "Expected exponent: 1.",
    exponent: 1,
  },
  {
    name: "crf-pixels",
    title: "Dense CRF against the pixels (21 classes, one core)",
    axis: "pixels",
    points: [
      [250, 188],
      [500, 375],
      [1000, 750],
    ].map(([width, height]) => ({
      ...{ x: width! * height!, label: `${width} x ${height}` },
      task: { kind: "crf", width: width!, height: height!, classes: 21 } as const,
    })),
    expected: "Expected exponent: 1.",
    exponent: 1,
  },
  {
    name: "crf-classes",
    title: "Dense CRF against the classes (500 x 375, one core)",
    axis: "classes",
    points: [2, 21, 81].map((classes) => ({
      x: classes,
      task: { kind: "crf", width: 500, height: 375, classes } as const,
    })),
    expected:
      "Expected exponent: 1, less while most of the time goes into the lattice, which is the same for all classes.",
    exponent: 1,
  },
];

const ways: readonly (readonly [TagsAs, string])[] = [
  ["csv", "`tags.csv`"],
  ["quoted-csv", "`tags.csv`, every field in quotes"],
  ["json", "`tags.json`, a list of objects"],
  ["jsonl", "`tags.jsonl`"],
  ["class-folders", "a folder for each of 20 classes"],
  ["voc", "VOC folder: lists, and tags in `tags.csv`"],
];

export const tables: readonly Table[] = [
  {
    name: "opening",
    title: "Opening a million images, by how the tags are given",
    after: "listing",
    rows: ways.map(([tagsAs, label]) => ({
      ...{ name: `opening-${tagsAs}`, label },
      task: { kind: "listing", entries: 1_000_000, tagsAs },
    })),
  },
];
