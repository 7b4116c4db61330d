import pc from "picocolors";
import type { Remedy } from "../../user-error.ts";
import { percent } from "../formats/label-counts.ts";
import type { DatasetReport } from "./inspect.ts";
import { figures, verdicts } from "./judgment.ts";
import { groupRepeated } from "./repeated.ts";
import {
  formatWithRemedies,
  type LayoutName,
  type Problem,
  type Source,
  type Sources,
} from "./listing/listing.ts";

const layoutNames: Readonly<Record<LayoutName, string>> = {
  plain: "plain (images and a tags file)",
  "class folders": "a folder for each class",
  voc: "VOC folder",
  coco: "COCO",
  tars: "tars (WebDataset)",
  names: "a table of names",
};

const barWidth = 24;

export interface FormatReportOptions {
  /** Use ANSI colors; by default if the terminal supports them. */
  readonly color?: boolean;
  /** The largest number of problems of each severity to list; 20 by default. */
  readonly maxProblems?: number;
  /** Puts remedies into words; they are left out by default. */
  readonly wordRemedies?: ((remedies: readonly Remedy[]) => string) | undefined;
}

/** A data set report as text for a terminal. */
export function formatReport(
  raw: DatasetReport,
  { color = pc.isColorSupported, maxProblems = 20, wordRemedies }: FormatReportOptions = {},
): string {
  const paint = pc.createColors(color);
  const report = printable(raw);
  const lines = [
    paint.bold(report.root),
    ...facts(report, paint),
    "",
    ...classTable(report, paint),
  ];
  for (const severity of ["error", "warning"] as const) {
    const problems = report.problems.filter((problem) => problem.severity === severity);
    if (problems.length > 0)
      lines.push("", ...problemList(problems, severity, { maxProblems, wordRemedies }, paint));
  }
  lines.push("", ...verdict(report, paint));
  return lines.join("\n");
}

/** A copy of the report with control characters escaped: names may hold escape sequences and line breaks. */
function printable(report: DatasetReport): DatasetReport {
  const { counts, obstacle, sources } = report;
  const splits = Object.entries(counts.splits).map(
    ([name, split]) => [visible(name), split] as const,
  );
  return {
    ...report,
    root: visible(report.root),
    classes: report.classes.map(visible),
    problems: report.problems.map((problem) => ({
      ...problem,
      file: visible(problem.file),
      message: visible(problem.message),
    })),
    counts: { ...counts, splits: Object.fromEntries(splits) },
    ...(sources ? { sources: printableSources(sources) } : {}),
    ...(obstacle === undefined ? {} : { obstacle: visible(obstacle) }),
  };
}

function printableSources({ lists, tags, masks }: Sources): Sources {
  const printed = (list: readonly Source[]): Source[] =>
    list.map(({ from, images }) => ({ from: visible(from), images }));
  return { lists: printed(lists), tags: printed(tags), masks: printed(masks) };
}

/** Escapes control characters and those that change the direction of writing. */
function visible(text: string): string {
  return text.replace(/[\p{Cc}\u2028-\u202e\u2066-\u2069]/gu, (letter) => {
    const code = letter.charCodeAt(0).toString(16);
    return code.length > 2 ? `\\u${code}` : `\\x${code.padStart(2, "0")}`;
  });
}

type Paint = ReturnType<typeof pc.createColors>;

/** The rows above the table of classes: layout, images, masks, their sources, classes and splits. */
function facts(report: DatasetReport, paint: Paint): string[] {
  const { all, splits } = report.counts;
  const [low, high] = report.sides;
  const sizes = all.images === 0 ? "" : `, sides ${low === high ? low : `${low} to ${high}`} px`;
  const rows: [string, string][] = [
    ["layout", layoutNames[report.format]],
    ["images", `${all.images}${sizes}`],
    ["masks", all.masks === 0 ? "none (scores need masks)" : maskSources(report)],
    ...sourceRows(report),
    ["classes", String(report.classes.length)],
    [
      "splits",
      Object.entries(splits)
        .map(([name, { images, untagged }]) => {
          const note =
            untagged === 0
              ? ""
              : untagged === images
                ? " (no tags)"
                : ` (${untagged} without tags)`;
          return `${name} ${images}${note}`;
        })
        .join(", ") +
        (report.heldOut ? " (held out by seed, since the data set defines none)" : ""),
    ],
  ];
  return rows.map(([name, value]) => `  ${paint.dim(name.padEnd(9))}${value}`);
}

/** Rows with the sources of tags and lists, where a layout leaves a choice. */
function sourceRows({ sources }: DatasetReport): [string, string][] {
  if (!sources) return [];
  const rows: [string, string][] = [];
  for (const name of ["tags", "lists"] as const) {
    const used = sourceList(sources[name]);
    if (used !== "") rows.push([name, `from ${used}`]);
  }
  return rows;
}

function maskSources({ counts, sources, ignoredShare = 0 }: DatasetReport): string {
  const used = sourceList(sources?.masks ?? []);
  const ignored =
    ignoredShare > 0 ? `, ${percent(ignoredShare)} of their pixels ignored (255)` : "";
  return `${counts.all.masks}${used === "" ? "" : ` from ${used}`}${ignored}`;
}

function sourceList(sources: readonly Source[]): string {
  const used = sources.filter(({ images }) => images > 0);
  return used.map(({ from, images }) => `${from} (${images})`).join(", ");
}

/** A row for each class: its images in each split, and a bar of its share of all images. */
function classTable(report: DatasetReport, paint: Paint): string[] {
  const { classes, counts } = report;
  if (classes.length === 0) return ["  no classes"];
  const splits = Object.entries(counts.splits);
  const nameWidth = Math.max("class".length, ...classes.map((name) => name.length));
  const most = Math.max(1, ...counts.all.perClass);
  const widths = splits.map(([name]) => Math.max(name.length, String(counts.all.images).length));
  const numbers = (texts: readonly string[]): string =>
    texts.map((text, i) => text.padStart(widths[i]!)).join("  ");
  // The area of a class is its share of the pixels of all masks.
  const total = report.maskPixels.reduce((a, b) => a + b, 0);
  const area = (text: string): string => (total === 0 ? "" : `${text.padStart(6)}  `);
  const share = (i: number): string =>
    `${((100 * report.maskPixels[i + 1]!) / total).toFixed(1)} %`;
  const names = numbers(splits.map(([name]) => name));
  const head = `  label  ${"class".padEnd(nameWidth)}  ${names}  ${area("area")}`.trimEnd();
  const rows = classes.map((name, i) => {
    const images = counts.all.perClass[i]!;
    const bar = "█".repeat(Math.ceil((images / most) * barWidth));
    const cells = numbers(splits.map(([, { perClass }]) => String(perClass[i])));
    const row = `  ${String(i + 1).padStart(5)}  ${name.padEnd(nameWidth)}  ${cells}  ${area(share(i))}`;
    return images === 0 ? paint.yellow(`${row}no images`) : row + paint.cyan(bar);
  });
  return [paint.dim(head), ...rows];
}

function problemList(
  problems: readonly Problem[],
  severity: Problem["severity"],
  { maxProblems = 20, wordRemedies }: FormatReportOptions,
  paint: Paint,
): string[] {
  const tint = severity === "error" ? paint.red : paint.yellow;
  const plural = problems.length === 1 ? severity : `${severity}s`;
  const shown: string[] = [];
  let [count, counted] = [0, 0];
  for (const group of groupRepeated(problems)) {
    const some = group.shown.slice(0, maxProblems - count);
    if (some.length === 0) break;
    for (const problem of some) shown.push(`  ${formatWithRemedies(problem, wordRemedies)}`);
    count += some.length;
    counted += some.length;
    if (group.more === 0 || some.length < group.shown.length) continue;
    shown.push(
      paint.dim(`  ... and ${group.more} more like ${some.length === 1 ? "this" : "these"}`),
    );
    counted += group.more;
  }
  const rest = problems.length - counted;
  if (rest > 0) shown.push(paint.dim(`  ... and ${rest} more`));
  return [tint(`${problems.length} ${plural}`), ...shown];
}

/** Whether a training can start, and what it can give, with the numbers behind it. */
function verdict(report: DatasetReport, paint: Paint): string[] {
  const { judgment, obstacle, problems, trainable } = report;
  if (!trainable) return [paint.red(`Not ready for training: ${obstacle}`)];
  const doubts = verdicts(judgment);
  const warnings = problems.length;
  const rest = warnings === 0 ? "." : `, with ${warnings} warning${warnings === 1 ? "" : "s"}.`;
  const numbers = figures(judgment).map((line) => `  ${line}`);
  if (doubts.length === 0) return [paint.green("Ready for training") + rest];
  const { fromFirstWeights } = judgment;
  if (fromFirstWeights === "good") {
    return [...doubts, ...numbers, paint.green("Ready for training with first weights") + rest];
  }
  const start = paint.yellow("A training can start") + rest;
  return [...doubts.map((line) => paint.yellow(line)), ...numbers, start];
}
