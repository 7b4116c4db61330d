import { readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import ts from "typescript";
import { describe, expect, test } from "vitest";
import { exceptions, flags as flagExceptions } from "./architecture-exceptions.ts";

/**
 * The rooms of `src/`, and what the files of each may import besides their own room: rooms, folders or single files.
 * `host` stands for the interfaces directly in `src/host/`. Type imports count like all others.
 */
const mayImport: Record<string, readonly string[]> = {
  engine: [],
  host: ["engine", "method/images/image.ts"],
  method: ["engine", "host"],
  // What both hosts read and write in the same way.
  "host/both": ["engine", "host", "method/images"],
  // Where there is no native ONNX Runtime, Node computes with the one that browsers have.
  "host/node": [
    "engine",
    "host",
    "host/both",
    "host/web/ort/runtime.ts",
    "method/tasks.ts",
    "method/images",
  ],
  "host/web": ["engine", "host", "host/both", "method/tasks.ts", "method/images", "../package.json"], // prettier-ignore
  files: ["engine", "method", "host"],
  jobs: ["engine", "method", "host", "files"],
  cli: ["engine", "method", "host", "host/node", "files", "jobs", "studio", "studio/server"],
  // What page and server share: their protocol, and the arithmetic of masks and reviews.
  studio: ["method/images", "method/labels"],
  "studio/server": ["engine", "method", "host", "host/both", "host/node", "files", "jobs", "studio"], // prettier-ignore
  // A page runs in a browser: nothing of a host, no files, no jobs.
  "studio/page": ["engine", "method", "studio"],
  // The entries: the library with its Node host, and the neutral core.
  index: ["engine", "method", "host", "host/node", "files", "jobs", "core.ts"],
  core: ["engine", "method", "host", "files"],
  web: ["engine", "method", "host", "host/web", "files", "jobs", "core.ts", "browser"],
  // What a page gives and takes, over the jobs.
  browser: ["engine", "method", "host", "host/web", "files", "jobs"],
  // A page that computes by itself. Of the studio's page it shows what knows nothing of the studio.
  "web/page": [
    ...["engine", "method", "host", "host/web", "files", "jobs", "browser", "web"],
    ...[
      "style.css",
      "canvas",
      "parts/icons.tsx",
      "parts/use-modal.ts",
      "train/chart.tsx",
      "train/curves.ts",
    ].map((name) => `studio/page/${name}`),
  ],
  "user-error": [],
};

/** The folders of `method` from the bottom up; each knows only those before it, and not its neighbors in a row. */
const methodOrder: readonly (readonly string[])[] = [
  ["config"],
  ["images"],
  ["refine"],
  ["model", "labels", "data"],
  ["inference"],
  ["eval"],
  ["train"],
  ["tasks"],
];

/** Rooms that run on a machine of their own kind: the only ones with its builtins and its packages. */
const hosts: readonly string[] = ["host/node", "host/web", "cli", "studio/server"];

/** Packages that only a host may import, besides Node's builtins. */
const hostPackages =
  /^(node:|sharp$|detect-libc$|onnxruntime-|tinypool$|koffi$|undici$|yauzl$|tar-stream$|hono$|@hono\/|hono\/)/;

interface Import {
  /** The importing file, from src/. */
  readonly from: string;
  /** A file from src/, or a package. */
  readonly to: string;
  readonly isPackage: boolean;
}

const root = join(import.meta.dirname, "../src");
const files = readdirSync(root, { recursive: true, encoding: "utf8" })
  .map((path) => path.replaceAll("\\", "/"))
  .filter((path) => /\.tsx?$/.test(path) && !path.startsWith("engine/kernels/assembly/"));
const sources = new Map(files.map((path) => [path, readFileSync(join(root, path), "utf8")]));
const imports = [...sources].flatMap(([path, text]) => importsOf(path, text));

function importsOf(from: string, text: string): Import[] {
  const found: Import[] = [];
  const add = (literal: ts.Node | undefined) => {
    if (literal === undefined || !ts.isStringLiteralLike(literal)) return;
    const isPackage = !literal.text.startsWith(".");
    const path = join(dirname(from), literal.text).replaceAll("\\", "/");
    found.push({ from, to: isPackage ? literal.text : path, isPackage });
  };
  const visit = (node: ts.Node): void => {
    if (ts.isImportDeclaration(node) || ts.isExportDeclaration(node)) add(node.moduleSpecifier);
    else if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword) {
      add(node.arguments[0]);
    } else if (ts.isImportTypeNode(node) && ts.isLiteralTypeNode(node.argument)) {
      add(node.argument.literal);
    }
    ts.forEachChild(node, visit);
  };
  visit(ts.createSourceFile(from, text, ts.ScriptTarget.Latest));
  return found;
}

/** The room of a file: its top folder, or its own name in src/ itself; the hosts, the two sides of the studio and the page of `web` are rooms of their own. */
function roomOf(path: string): string {
  const [first = "", second = ""] = path.split("/");
  const parts = path.split("/").length;
  if (first === "host" && parts > 2) return `${first}/${second}`;
  if (first === "studio" && (second === "server" || second === "page")) return `${first}/${second}`;
  if (first === "web" && second === "page") return "web/page";
  return first.replace(/\.ts$/, "");
}

function isAllowed({ from, to }: Import): boolean {
  const [room, target] = [roomOf(from), roomOf(to)];
  if (target === "user-error") return true;
  if (room !== target) {
    return mayImport[room]!.some(
      (known) => known === target || to === known || inFolder(to, known),
    );
  }
  if (room !== "method") return true;
  const [folder, other] = [from, to].map((path) => path.split("/")[1]!.replace(/\.ts$/, ""));
  const level = (name: string | undefined): number =>
    methodOrder.findIndex((row) => row.includes(name!));
  return folder === other || level(other) < level(folder);
}

function inFolder(path: string, folder: string): boolean {
  return folder.includes("/") && !folder.startsWith("host") && path.startsWith(`${folder}/`);
}

describe("imports", () => {
  test("there are files, and every import names one of them", () => {
    expect(files.length).toBeGreaterThan(10);
    const generated = "engine/kernels/wasm.generated.ts";
    const missing = imports.filter(
      ({ to, isPackage }) => !isPackage && !sources.has(to) && to !== generated && isCode(to),
    );
    expect(missing).toEqual([]);
  });

  test("every file stands in a room of the table, and every folder of method in its order", () => {
    const rooms = new Set(files.map(roomOf));
    expect([...rooms].filter((name) => !(name in mayImport))).toEqual([]);
    const folders = files
      .filter((path) => path.startsWith("method/"))
      .map((path) => path.split("/")[1]!.replace(/\.ts$/, ""));
    expect(folders.filter((name) => !methodOrder.flat().includes(name))).toEqual([]);
  });

  test("each room knows only those that the table names", () => {
    const wrong = imports.filter((one) => !one.isPackage && !isAllowed(one));
    expect(pairs(wrong)).toEqual([...exceptions.rooms].sort());
  });

  test("the graph is entered by its front door", () => {
    const wrong = imports.filter(
      ({ from, to, isPackage }) =>
        !isPackage &&
        !from.startsWith("engine/graph/") &&
        to.startsWith("engine/graph/") &&
        to !== "engine/graph/index.ts",
    );
    expect(pairs(wrong)).toEqual([]);
  });

  test("the list of millions of images is one class; the files behind it stay in its folder", () => {
    const folder = "files/datasets/listing/";
    const entries = ["image-list.ts", "entry.ts", "listing.ts"].map((name) => folder + name);
    const wrong = imports.filter(
      ({ from, to }) => !from.startsWith(folder) && to.startsWith(folder) && !entries.includes(to),
    );
    expect(entries.filter((path) => !sources.has(path))).toEqual([]);
    expect(pairs(wrong)).toEqual([]);
  });

  test("only hosts and the command line import what belongs to a machine", () => {
    const wrong = imports.filter(
      ({ from, to, isPackage }) =>
        isPackage && hostPackages.test(to) && !hosts.includes(roomOf(from)),
    );
    expect(pairs(wrong)).toEqual([...exceptions.builtins].sort());
  });

  test("no file leads back to itself", () => {
    expect(findCircle()).toEqual([]);
  });
});

describe("words", () => {
  test("only the command line names a flag or a command of tag2mask", () => {
    const wrong = files
      .filter((path) => roomOf(path) !== "cli")
      .flatMap((path) =>
        textsOf(path, sources.get(path)!)
          // A page sets variables of its style sheets by their names.
          .filter((text) => !roomOf(path).endsWith("/page") || !/^--[\w-]+$/.test(text))
          .flatMap((text) => commandWords(text).map((word) => `${path} -> ${word}`)),
      );
    expect([...new Set(wrong)].sort()).toEqual([...flagExceptions].sort());
  });

  test("flags and commands are told from variables of style sheets, options of Node and prose", () => {
    const flagged = ["give another --out", "run `tag2mask data x`", "--set a=b"];
    expect(flagged.flatMap(commandWords)).toEqual(["--out", "tag2mask data", "--set"]);
    const free = ["color: var(--ink)", "--page: #fff", '<i style="--hue:var(--seg)">', "a--b"];
    const foreign = ["--import"];
    const prose = ["tag2mask training report", "as tag2mask writes them"];
    expect([...free, ...foreign, ...prose].flatMap(commandWords)).toEqual([]);
  });
});

const commandNames =
  "demo|train|segment|label|merge|eval|data|convert|weights|export|doctor|studio|serve";
const commandWord = new RegExp(`(?<![\\w-])--[a-z][\\w-]*|tag2mask (?:${commandNames})\\b`, "g");

/** Flags and commands that a text names, without variables of style sheets and flags of Node. */
function commandWords(text: string): string[] {
  const words = text.replace(/var\(--[\w-]+|--[\w-]+:|--import\b/g, "");
  return [...words.matchAll(commandWord)].map(([word]) => word);
}

/** The literals of a source file, those of templates in their pieces. */
function textsOf(path: string, source: string): string[] {
  const texts: string[] = [];
  const visit = (node: ts.Node): void => {
    if (ts.isStringLiteralLike(node) || ts.isTemplateHead(node)) texts.push(node.text);
    else if (ts.isTemplateMiddle(node) || ts.isTemplateTail(node)) texts.push(node.text);
    ts.forEachChild(node, visit);
  };
  visit(ts.createSourceFile(path, source, ts.ScriptTarget.Latest));
  return texts;
}

/** Each import as `from -> to`, once, sorted. */
function pairs(list: readonly Import[]): string[] {
  return [...new Set(list.map(({ from, to }) => `${from} -> ${to}`))].sort();
}

test("half of the files have at most 120 lines, and no folder of a room more than 15 % of all lines", () => {
  const lengths = new Map([...sources].map(([path, text]) => [path, text.split("\n").length]));
  const sorted = [...lengths.values()].sort((a, b) => a - b);
  expect(sorted[Math.floor(sorted.length / 2)]).toBeLessThanOrEqual(120);
  const total = sorted.reduce((sum, length) => sum + length, 0);
  const folders = new Map<string, number>();
  for (const [path, length] of lengths) {
    const parts = path.split("/");
    if (parts.length < 3) continue;
    const folder = `${parts[0]}/${parts[1]}`;
    folders.set(folder, (folders.get(folder) ?? 0) + length);
  }
  const large = [...folders].filter(([, length]) => length > 0.15 * total);
  expect(large).toEqual([]);
});

test("no file has more than 400 lines", () => {
  const long = [...sources].filter(([, text]) => text.trimEnd().split("\n").length > 400);
  expect(long.map(([path]) => path).filter((path) => !path.includes(".generated."))).toEqual([]);
});

function isCode(path: string): boolean {
  return /\.tsx?$/.test(path);
}

/** The files of one circle of imports, or nothing. */
function findCircle(): string[] {
  const next = new Map<string, string[]>();
  for (const { from, to, isPackage } of imports) {
    if (!isPackage) next.set(from, [...(next.get(from) ?? []), to]);
  }
  const done = new Set<string>();
  const path: string[] = [];
  const walk = (file: string): string[] => {
    const start = path.indexOf(file);
    if (start >= 0) return [...path.slice(start), file];
    if (done.has(file)) return [];
    path.push(file);
    for (const target of next.get(file) ?? []) {
      const circle = walk(target);
      if (circle.length > 0) return circle;
    }
    path.pop();
    done.add(file);
    return [];
  };
  for (const file of files) {
    const circle = walk(file);
    if (circle.length > 0) return circle;
  }
  return [];
}
