import { existsSync, readFileSync, readdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, expect, test } from "vitest";

const root = join(import.meta.dirname, "..");
const read = (path: string): string => readFileSync(join(root, path), "utf8");

const sources = ["src", "bench", "test"].flatMap((folder) =>
  readdirSync(join(root, folder), { recursive: true, encoding: "utf8" })
    .map((path) => join(folder, path).replaceAll("\\", "/"))
    .filter((path) => path.endsWith(".ts") && path !== "test/docs.test.ts"),
);

/** The prose of a file: line breaks inside a comment do not part a citation. */
const prose = (path: string): string => read(path).replace(/\n\s*(\*|\/\/)? */g, " ");

const method = read("docs/method.md");

/** Sections with a heading or a row of a table of their own. */
const sections = new Set(
  Array.from(method.matchAll(/^(?:#+|\|) (\d+(?:\.\d+)?)\.? /gm), ([, number]) => number!),
);

/** The section of the paper that describes a subject: one for all, with the words that tell the subject. */
const paperSections = [
  [/pixel-adaptive refinement|\bPAR\b/, "3.4"],
  [/random walk/i, "3.3"],
  [/affinity (?:label within|pairs|head)|off self-attention/i, "3.3"],
  [/class activation|\bCAM\b/, "3.2"],
] as const;

/** The lines of a text that cite a section of the paper, with the number. */
function paperCitations(text: string): { line: string; number: string }[] {
  return text.split("\n").flatMap((line) => {
    const number = /AFA (\d+\.\d+)/.exec(line)?.[1];
    return number === undefined ? [] : [{ line, number }];
  });
}

/** Paths of the repository that a page names; a bare file follows the folder named before it. */
function pathsOf(page: string): string[] {
  const text = read(page);
  const links = Array.from(text.matchAll(/\]\((?!https?:|#)([^)#]+)/g), ([, link]) =>
    join(dirname(page), link!),
  );
  let folder = "";
  const named = text.matchAll(
    /(?<![\w./-])(?:(?:src|test|docs|bench|scripts|examples)\/[\w./-]*|[\w-]+\.ts\b)/g,
  );
  const paths = Array.from(named, ([path]) => {
    if (!path.includes("/")) return join(folder, path);
    folder = path.endsWith("/") ? path : dirname(path);
    return path;
  });
  return [...links, ...paths].map((path) => path.replace(/\.$/, ""));
}

test("docs/method.md has the sections that the sources cite", () => {
  expect(sections.size).toBeGreaterThan(20);
  const cited = sources.flatMap((path) =>
    Array.from(
      prose(path).matchAll(/\bmethod (\d+(?:\.\d+)?(?:(?:, | and | to )\d+\.\d+)*)/g),
      ([, list]) => list!.match(/\d+(?:\.\d+)?/g)!.map((number) => `${path}: method ${number}`),
    ).flat(),
  );
  expect(cited.length).toBeGreaterThan(30);
  expect(cited.filter((place) => !sections.has(place.replace(/.* /, "")))).toEqual([]);
});

test("sources cite sections by one form, `method 2.7` and `AFA 3.4`", () => {
  const others =
    /\bsections? \d|§|\bpaper,? (?:section |equation |table )?\d|\bmethod,? section|AFA,? section/i;
  expect(sources.filter((path) => others.test(prose(path)))).toEqual([]);
});

test("every subject has the same section of the paper wherever it is cited", () => {
  const citations = [...sources, "docs/method.md"].flatMap((path) => paperCitations(read(path)));
  expect(citations.length).toBeGreaterThan(30);
  for (const [subject, section] of paperSections) {
    const about = citations.filter(({ line, number }) => subject.test(line) && number !== "4.1");
    expect(about.length, String(subject)).toBeGreaterThan(0);
    expect(about.filter(({ number }) => number !== section)).toEqual([]);
  }
});

describe.each([
  "README.md",
  "CONTRIBUTING.md",
  "docs/method.md",
  "docs/photos.md",
  "docs/reliability.md",
  "docs/studio.md",
  "docs/web.md",
])("%s", (page) => {
  test("names only files and folders that are there", () => {
    const paths = pathsOf(page);
    expect(paths.length).toBeGreaterThan(0);
    expect(paths.filter((path) => !existsSync(join(root, path)))).toEqual([]);
  });
});
