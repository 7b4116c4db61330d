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

/** Errors of the type checker in a text that imports `tag2mask` from the sources. */
function typeErrors(text: string): string[] {
  const file = join(root, "readme-library.ts");
  const { config } = ts.readConfigFile(join(root, "tsconfig.json"), ts.sys.readFile);
  const { options } = ts.parseJsonConfigFileContent(config, ts.sys, root);
  options.paths = { ...options.paths, tag2mask: ["./src/index.ts"] };
  const host = ts.createCompilerHost(options);
  const { fileExists, readFile, getSourceFile } = host;
  host.fileExists = (path) => path === file || fileExists(path);
  host.readFile = (path) => (path === file ? text : readFile(path));
  host.getSourceFile = (path, languageVersion, ...rest) =>
    path === file
      ? ts.createSourceFile(path, text, languageVersion)
      : getSourceFile(path, languageVersion, ...rest);
  const program = ts.createProgram([file], { ...options, noUnusedLocals: false }, host);
  const source = program.getSourceFile(file);
  return [
    ...program.getSyntacticDiagnostics(source),
    ...program.getSemanticDiagnostics(source),
  ].map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, "\n"));
}

test("README's library snippet type-checks against the sources, and a changed one does not", () => {
  const snippet = librarySnippet();
  expect(snippet).toContain("RunDirectory.create({ config })");
  expect(snippet).toContain('segmenter.segment("cat.jpg"');
  expect(typeErrors(snippet)).toEqual([]);
  const wrong = snippet.replace("Segmenter.open(run.path)", "Segmenter.open(run.folder)");
  expect(typeErrors(wrong).join()).toMatch(/'folder' does not exist/);
}, 120_000);
