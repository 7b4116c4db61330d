import { expect, test } from "vitest";
import { formatReport, type DatasetReport } from "../../../src/files/datasets/index.ts";

const split = (images: number, perClass: number[], untagged = 0) => ({ images, masks: 0, untagged, perClass }); // prettier-ignore

const base: DatasetReport = {
  root: "/d",
  format: "plain",
  classes: ["cat", "hippopotamus", "ox"],
  heldOut: false,
  problems: [],
  counts: {
    all: split(1200, [1000, 10, 0]),
    splits: { train: split(1100, [950, 8, 0]), validation: split(100, [50, 2, 0], 40) },
  },
  sides: [30, 500],
  maskPixels: [300, 600, 100, 0],
  trainable: true,
  judgment: {
    fromRandomWeights: "good",
    fromFirstWeights: "good",
    trainingImages: 1100,
    validationImages: 100,
    classes: 3,
    imagesPerClass: { least: 300, median: 350, most: 950 },
    classesWithoutImages: 0,
  },
};

const text = (change: Partial<DatasetReport> = {}, options = {}): string =>
  formatReport({ ...base, ...change }, { color: false, ...options });
/** The value of a row of facts. */
const fact = (name: string, report: string): string | undefined =>
  new RegExp(`^ {2}${name} +(.*)$`, "m").exec(report)?.[1];

test("a row for each class has its label, images by split, share of the area, and a bar", () => {
  const lines = text().split("\n");
  const first = lines.findIndex((line) => line.startsWith("  label"));
  expect(lines.slice(first, first + 4)).toEqual([
    "  label  class         train  validation    area",
    `      1  cat             950          50  60.0 %  ${"█".repeat(24)}`,
    "      2  hippopotamus      8           2  10.0 %  █",
    "      3  ox                0           0   0.0 %  no images",
  ]);
});

test("without masks there is no area, and bars are parts of the most frequent class", () => {
  const counts = { all: split(4, [4, 2, 3]), splits: { t: split(4, [4, 2, 3]) } };
  const lines = text({ maskPixels: [0, 0, 0, 0], counts }).split("\n");
  const first = lines.findIndex((line) => line.startsWith("  label"));
  expect(lines.slice(first, first + 4)).toEqual([
    "  label  class         t",
    `      1  cat           4  ${"█".repeat(24)}`,
    `      2  hippopotamus  2  ${"█".repeat(12)}`,
    `      3  ox            3  ${"█".repeat(18)}`,
  ]);
  expect(text({ classes: [] })).toMatch(/^ {2}no classes$/m);
  const short = { ...counts, splits: { t: split(4, [4]) }, all: split(4, [4]) };
  expect(text({ classes: ["ox"], counts: short, maskPixels: [0, 0] })).toMatch(/^ {2}label {2}class {2}t$/m); // prettier-ignore
  const nothing = { all: split(0, [0]), splits: { t: split(0, [0]) } };
  expect(text({ classes: ["ox"], counts: nothing, maskPixels: [0, 0] })).toMatch(/1 {2}ox +0 +no images$/m); // prettier-ignore
});

test("facts: layout, images with their sides, masks, classes, splits", () => {
  const report = text();
  expect(report.split("\n")[0]).toBe("/d");
  expect(fact("layout", report)).toMatch(/^plain/);
  expect(fact("images", report)).toMatch(/^1200, sides 30 to 500 px$/);
  expect(fact("images", text({ sides: [64, 64] }))).toMatch(/^1200, sides 64 px$/);
  expect(fact("masks", report)).toMatch(/^none/);
  expect(fact("classes", report)).toBe("3");
  expect(fact("tags", report)).toBeUndefined();
  expect(fact("splits", report)).toMatch(/^train 1100, validation 100 \(40 /);
  const { all, splits } = base.counts;
  const unknown = { ...splits, validation: split(40, [0, 0, 0], 40) };
  expect(fact("splits", text({ counts: { all, splits: unknown } }))).toMatch(/validation 40 \([^\d]+\)$/); // prettier-ignore
  expect(fact("splits", text({ heldOut: true }))).toMatch(/ \(held out /);
  expect(report).not.toMatch(/held out/);
  expect(fact("images", text({ counts: { all: split(0, [0, 0, 0]), splits } }))).toBe("0");
  expect(fact("layout", text({ format: "voc" }))).toMatch(/VOC/);
});

test("facts: the sources that were used, with their images", () => {
  const source = (from: string, images: number) => ({ from, images });
  const counts = { ...base.counts, all: { ...base.counts.all, masks: 9 } };
  const sources = {
    lists: [source("train.txt", 3), source("val.txt", 1)],
    tags: [source("tags.csv", 0), source("masks", 4)],
    masks: [source("Aug", 8), source("Class", 1)],
  };
  const report = text({ counts, sources });
  expect(fact("masks", report)).toMatch(/^9 .*Aug \(8\), Class \(1\)$/);
  expect(fact("tags", report)).toMatch(/masks \(4\)$/);
  expect(fact("tags", report)).not.toContain("tags.csv");
  expect(fact("lists", report)).toMatch(/train\.txt \(3\), val\.txt \(1\)$/);
  const unused = { lists: [], tags: [source("x", 0)], masks: [] };
  const bare = text({ counts, sources: unused });
  expect([fact("masks", bare), fact("tags", bare), fact("lists", bare)]).toEqual(["9", undefined, undefined]); // prettier-ignore
});

test("errors come before warnings, twenty of each or as many as wanted, with the number of the rest", () => {
  const problem = (severity: "error" | "warning", i: number) => ({ severity, file: `${severity}${i}`, message: `m${"abcdefghijklmnopqrstuvwxyz"[i]}` }); // prettier-ignore
  const many = (severity: "error" | "warning", count: number) =>
    Array.from({ length: count }, (_, i) => problem(severity, i));
  const shown = (problems: DatasetReport["problems"], options = {}) => {
    const lines = text({ problems, trainable: false, obstacle: "x" }, options).split("\n");
    const first = lines.findIndex((line) => /^\d+ (error|warning)/.test(line));
    return first < 0 ? [] : lines.slice(first);
  };
  expect(shown([])).toEqual([]);
  const few = shown([problem("warning", 0), problem("error", 0), problem("error", 1)]);
  expect(few.slice(0, 6)).toEqual(["2 errors", "  error0: ma", "  error1: mb", "", "1 warning", "  warning0: ma"]); // prettier-ignore
  expect(shown(many("error", 20)).filter((line) => /error\d|more/.test(line))).toHaveLength(20);
  const over = shown(many("warning", 22));
  expect(over.filter((line) => /warning\d+:/.test(line))).toHaveLength(20);
  expect(over[21]).toMatch(/\b2 more/);
  const one = shown(many("error", 3), { maxProblems: 2 });
  expect(one.slice(0, 4)).toEqual(["3 errors", "  error0: ma", "  error1: mb", expect.stringMatching(/\b1 more/)]); // prettier-ignore
});

test("problems that repeat are counted, the first five of each cause shown", () => {
  const missing = (i: number) => ({ severity: "warning" as const, file: "t.csv", line: i, message: `photo ${i}.jpg is not there; left out` }); // prettier-ignore
  const other = { severity: "warning" as const, file: "t.csv", message: 'class "x" has no images' };
  const problems = [...Array.from({ length: 30 }, (_, i) => missing(i + 2)), other];
  const lines = text({ problems }).split("\n");
  const first = lines.indexOf("31 warnings");
  expect(lines.slice(first + 1, first + 8)).toEqual([
    ...[2, 3, 4, 5, 6].map((i) => `  t.csv:${i}: photo ${i}.jpg is not there; left out`),
    "  ... and 25 more like these",
    '  t.csv: class "x" has no images',
  ]);
});

test("the last line says whether it can be trained on", () => {
  const last = (change: Partial<DatasetReport>) => text(change).split("\n").at(-1);
  const warning = { severity: "warning", file: "f", message: "m" } as const;
  expect(last({})).toMatch(/^Ready for training\.$/);
  expect(last({ problems: [warning] })).toMatch(/^Ready .*\b1 warning\.$/);
  expect(last({ problems: [warning, warning] })).toMatch(/^Ready .*\b2 warnings\.$/);
  expect(last({ trainable: false, obstacle: "no cats" })).toMatch(/^Not ready .*: no cats$/);
});

test("doubts are told with the numbers behind them before the last line", () => {
  const judgment = {
    fromRandomWeights: "hopeless",
    fromFirstWeights: "doubtful",
    trainingImages: 108,
    validationImages: 1,
    classes: 80,
    imagesPerClass: { least: 0, median: 7, most: 20 },
    classesWithoutImages: 8,
  } as const;
  const end = (change: Partial<DatasetReport>): string[] => text(change).split("\n").slice(-6);
  const numbers = [
    "  training images a class: 7 in the median, 0 to 20; hopeful are 100 without first weights, 20 with them",
    "  classes without a training image: 8 of 80 (10 %)",
    "  validation: 1 image, too few for scores to say much",
  ];
  expect(end({ judgment })).toEqual([
    "108 images, 80 classes, no first weights: this will not work",
    "108 images, 80 classes, first weights of photographs: this may work",
    ...numbers,
    "A training can start.",
  ]);
  expect(end({ judgment: { ...judgment, fromFirstWeights: "good" } }).slice(1)).toEqual([
    "108 images, 80 classes, first weights of photographs: this can work",
    ...numbers,
    "Ready for training with first weights.",
  ]);
});

test("colors are used where they are wanted, and control characters are escaped in every part", () => {
  expect(formatReport(base, { color: true })).toContain("\u001b[");
  expect(text()).not.toContain("\u001b[");
  const [code, mark] = ["\u001b", "\u202e"];
  const name = (part: string): string => `${part}${code}${mark}`;
  const source = [{ from: name("from"), images: 1 }];
  const { all, splits } = base.counts;
  const report = text({
    root: name("root"),
    classes: [name("cat"), "b", "c"],
    problems: [{ severity: "error", file: name("file"), message: name("message") }],
    trainable: false,
    obstacle: name("obstacle"),
    sources: { lists: source, tags: source, masks: source },
    counts: { all: { ...all, masks: 1 }, splits: { [name("split")]: splits["train"]! } },
  });
  expect(report).not.toContain(code);
  expect(report).not.toContain(mark);
  for (const part of ["root", "cat", "file", "message", "obstacle", "split"])
    expect(report).toContain(`${part}\\x1b\\u202e`);
  expect(report.split("from\\x1b\\u202e")).toHaveLength(4);
  expect(text({ root: "\u0007\u2066\u009f" })).toContain("\\x07\\u2066\\x9f");
});
