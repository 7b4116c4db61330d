import { readFileSync } from "node:fs";
import { join } from "node:path";
import ts from "typescript";
import { expect, test } from "vitest";

const root = join(import.meta.dirname, "..");

/** The TypeScript of README's section "Library". */
function librarySnippet(): string {
  const section = readFileSync(join(root, "README.md"), "utf8").split("\n## Library\n")[1]!;
  return /```ts\n([^]*?)```/.exec(section)![1]!;
}

/** Errors of the type checker in each of some texts that import `tag2mask` from the sources. */
function typeErrors(...texts: string[]): string[][] {
  const files = new Map(texts.map((text, i) => [join(root, `readme-library-${i}.ts`), text]));
  const { config } = ts.readConfigFile(join(root, "tsconfig.json"), ts.sys.readFile);
  const { options } = ts.parseJsonConfigFileContent(config, ts.sys, root);
  options.paths = { ...options.paths, tag2mask: ["./src/index.ts"] };
  options.noUnusedLocals = false;
  const host = ts.createCompilerHost(options);
  const { fileExists, getSourceFile } = host;
  host.fileExists = (path) => files.has(path) || fileExists(path);
  host.getSourceFile = (path, version, ...rest) => {
    const text = files.get(path);
    return text === undefined
      ? getSourceFile(path, version, ...rest)
      : ts.createSourceFile(path, text, version);
  };
  const program = ts.createProgram([...files.keys()], options, host);
  return [...files.keys()].map((path) => {
    const source = program.getSourceFile(path);
    const found = [
      ...program.getSyntacticDiagnostics(source),
      ...program.getSemanticDiagnostics(source),
    ];
    return found.map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, "\n"));
  });
}

test("README's library snippet type-checks against the sources, and a changed one does not", () => {
  const snippet = librarySnippet();
  expect(snippet).toContain("RunDirectory.create({ config })");
  expect(snippet).toContain('segmenter.segment("cat.jpg"');
  const wrong = snippet.replace("Segmenter.open(run.path)", "Segmenter.open(run.folder)");
  const [own, changed] = typeErrors(snippet, wrong);
  expect(own).toEqual([]);
  expect(changed!.join()).toMatch(/'folder' does not exist/);
}, 300_000);
