import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { parseReport, readReport } from "../../bench/report.ts";
import { summarize } from "../../bench/summary.ts";
import { asMarkdown, asText, memory, time } from "../../bench/tables.ts";
import { UserError } from "../../src/user-error.ts";
import { report } from "./reports.ts";

test("a summary has the median, the ends and the middle half, whatever the order", () => {
  expect(summarize([4, 1, 3, 2])).toEqual({
    ...{ median: 2.5, min: 1, max: 4, lowerQuartile: 1.75, upperQuartile: 3.25, count: 4 },
  });
  expect(summarize([5])).toMatchObject({ median: 5, lowerQuartile: 5, upperQuartile: 5 });
  expect(() => summarize([])).toThrow("no values");
});

describe("figures of several rounds", () => {
  const made = report([1, 2, 4]);
  const part = (name: string) => made.parts.find((p) => p.name === name)!;

  test("the peak is the fastest product of all rounds", () => {
    expect(made.peaks).toEqual([{ threads: 2, shape: "10 × 5 × 1", rate: 100 }]);
  });

  test("a part's rate is that of its matrix products at the median time, and a share of the peak", () => {
    const { seconds, rate, peakShare, rss } = part("whole step");
    expect([seconds.median, seconds.count, rate, peakShare]).toEqual([2, 3, 25, 0.25]);
    expect(rss!.max).toBe(1.2e9);
  });

  test("what is no graph has neither", () => {
    expect(part("labels")).toMatchObject({ operations: null, rate: null, peakShare: null });
  });
});

describe("tables", () => {
  const made = report([1, 2, 4]);
  const row = "| whole step | 2.00 s | 1.00 s | 4.00 s | 1.20 GB | 0.0 | 0.0 | 25 % |";

  test("show every part, as text and as Markdown", () => {
    expect(asText(made)).toMatch(/whole step +2\.00 s +1\.00 s +4\.00 s +1\.20 GB/);
    expect(asMarkdown(made).split("\n")).toContain(row);
  });

  test("leave out columns in which nothing stands", () => {
    const head = asMarkdown(made)
      .split("\n")
      .find((line) => line.startsWith("| matrix product"));
    expect(head).not.toContain("RSS");
  });

  test("write times and sizes with the digits that they have", () => {
    expect([0.00002, 0.00042, 0.0123, 0.9996, 1.234, 61].map(time)).toEqual([
      ...["0 ms", "0.4 ms", "12 ms", "1.00 s", "1.23 s", "61.0 s"],
    ]);
    expect([4.4e7, 1.234e9].map(memory)).toEqual(["44 MB", "1.23 GB"]);
  });
});

describe("files", () => {
  const folder = mkdtempSync(join(tmpdir(), "tag2mask-report-"));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  const made = report([1]);

  test("are read as they were written", async () => {
    const path = join(folder, "a.json");
    writeFileSync(path, JSON.stringify(made));
    expect(await readReport(path)).toEqual(made);
  });

  test.each([
    ["no JSON", "x", "a.json: is not JSON; expected what npm run bench"],
    ["other JSON", '{"name": "x"}', 'has no schema, expected "tag2mask.bench/1"'],
    ["no object", "null", "has no schema"],
    ["another version", '{"schema": "tag2mask.bench/9"}', 'has schema "tag2mask.bench/9"'],
    [
      "a part that is cut short",
      JSON.stringify({ ...made, parts: [{ group: "x" }] }),
      "a.json: parts.0.name:",
    ],
  ])("that are %s are refused", (_, text, message) => {
    expect(() => parseReport(text, "a.json")).toThrow(UserError);
    expect(() => parseReport(text, "a.json")).toThrow(message);
  });

  test("that are not there are named", async () => {
    await expect(readReport(join(folder, "b.json"))).rejects.toThrow(/b\.json: cannot be read/);
  });
});
