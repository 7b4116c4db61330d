import { readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import ts from "typescript";
import { describe, expect, test } from "vitest";

/** The folders whose files a folder may import, besides its own and the ground floor. */
const mayImport: Record<string, readonly string[]> = {
  graph: [],
  kernels: [],
  nn: ["graph"],
  pseudo: ["kernels"],
  data: ["kernels"],
  model: ["graph", "nn"],
  weights: ["graph", "nn", "model"],
  train: ["graph", "kernels", "nn", "model", "weights", "pseudo", "data", "eval"],
  eval: ["graph", "nn", "model", "weights", "pseudo", "data"],
  node: ["graph", "kernels", "nn", "model", "weights", "pseudo", "data", "train", "eval"],
  web: ["graph", "kernels", "nn", "model", "weights", "pseudo", "data", "train", "eval"],
};

/** Files that everyone may import; they import only each other. */
const ground = ["config", "random", "user-error"];

/** Packages that the folders below the hosts may run; others only lend them types. */
const corePackages = ["@bufbuild/protobuf", "d3-contour", "pure-rand", "simplify-js", "zod"];

interface Import {
  /** The importing file, from src/. */
  readonly from: string;
  /** A file from src/, or a package. */
  readonly to: string;
  readonly isPackage: boolean;
  readonly isType: boolean;
}

const root = join(import.meta.dirname, "../src");
const files = readdirSync(root, { recursive: true, encoding: "utf8" })
  .map((path) => path.replaceAll("\\", "/"))
  .filter((path) => /\.tsx?$/.test(path) && !path.startsWith("kernels/assembly/"));
const sources = new Map(files.map((path) => [path, readFileSync(join(root, path), "utf8")]));
const imports = [...sources].flatMap(([path, text]) => importsOf(path, text));

function importsOf(from: string, text: string): Import[] {
  const found: Import[] = [];
  const add = (literal: ts.Node | undefined, isType: boolean) => {
    if (literal === undefined || !ts.isStringLiteralLike(literal)) return;
    const isPackage = !literal.text.startsWith(".");
    const path = join(dirname(from), literal.text).replaceAll("\\", "/");
    found.push({ from, to: isPackage ? literal.text : path, isPackage, isType });
  };
  const visit = (node: ts.Node): void => {
    if (ts.isImportDeclaration(node)) {
      const clause = node.importClause;
      const named = clause?.namedBindings;
      const onlyTypes =
        clause !== undefined &&
        (clause.phaseModifier === ts.SyntaxKind.TypeKeyword ||
          (clause.name === undefined &&
            named !== undefined &&
            ts.isNamedImports(named) &&
            named.elements.length > 0 &&
            named.elements.every((element) => element.isTypeOnly)));
      add(node.moduleSpecifier, onlyTypes);
    } else if (ts.isExportDeclaration(node)) {
      add(node.moduleSpecifier, node.isTypeOnly);
    } else if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword) {
      add(node.arguments[0], false);
    } else if (ts.isImportTypeNode(node) && ts.isLiteralTypeNode(node.argument)) {
      add(node.argument.literal, true);
    }
    ts.forEachChild(node, visit);
  };
  visit(ts.createSourceFile(from, text, ts.ScriptTarget.Latest));
  return found;
}

/** The floor of a file: its top folder, or its own name in src/ itself. */
function floorOf(path: string): string {
  return path.split("/")[0]!.replace(/\.ts$/, "");
}

function isHost(floor: string): boolean {
  return ["node", "web", "index"].includes(floor);
}

describe("imports", () => {
  test("there are files, and every import names one of them", () => {
    expect(files.length).toBeGreaterThan(10);
    const generated = "kernels/wasm.generated.ts";
    const missing = imports.filter(
      ({ to, isPackage }) => !isPackage && !sources.has(to) && to !== generated && isCode(to),
    );
    expect(missing).toEqual([]);
  });

  test("every folder has a place in the table", () => {
    const folders = new Set(files.filter((path) => path.includes("/")).map(floorOf));
    expect([...folders].filter((name) => !(name in mayImport) && !ground.includes(name))).toEqual(
      [],
    );
  });

  test("each folder knows only those below it", () => {
    const wrong = imports.filter(({ from, to, isPackage }) => {
      const [above, below] = [floorOf(from), floorOf(to)];
      if (isPackage || above === below) return false;
      if (ground.includes(below)) return ground.includes(above) && below === "config";
      if (ground.includes(above)) return true;
      // The entries in src/ itself: the library with its Node host, and the core without a host.
      if (above === "index") return below === "web";
      if (above === "core") return isHost(below);
      return !mayImport[above]!.includes(below);
    });
    expect(wrong.map(({ from, to }) => `${from} -> ${to}`)).toEqual([]);
  });

  test("the graph is entered by its front door", () => {
    const wrong = imports.filter(({ from, to, isPackage }) => {
      if (isPackage || floorOf(from) === floorOf(to)) return false;
      return to.startsWith("graph/") && to !== "graph/index.ts";
    });
    expect(wrong.map(({ from, to }) => `${from} -> ${to}`)).toEqual([]);
  });

  test("below the hosts no package is run but a few pure ones", () => {
    const wrong = imports.filter(
      ({ from, to, isPackage, isType }) =>
        isPackage &&
        !isType &&
        !isHost(floorOf(from)) &&
        !corePackages.some((name) => to === name || to.startsWith(`${name}/`)),
    );
    expect(wrong.map(({ from, to }) => `${from} -> ${to}`)).toEqual([]);
  });

  test("no file leads back to itself", () => {
    expect(findCircle()).toEqual([]);
  });
});

test("no file has more than 400 lines", () => {
  const long = [...sources].filter(([, text]) => text.trimEnd().split("\n").length > 400);
  expect(long.map(([path]) => path).filter((path) => !path.includes(".generated."))).toEqual([]);
});

function isCode(path: string): boolean {
  return /\.tsx?$/.test(path);
}

/** The files of one circle of imports, imports of types included, or nothing. */
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
