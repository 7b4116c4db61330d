import { join } from "node:path";
import ts from "typescript";
import { mutated, type Mutation } from "./mutation.ts";

/** Type-checks single mutated files of a project; the language service keeps what did not change. */
export class Compiler {
  private readonly service: ts.LanguageService;
  private edit: { readonly path: string; readonly text: string } | null = null;
  private version = 0;

  constructor(private readonly root: string) {
    const config = ts.readConfigFile(join(root, "tsconfig.json"), (path) => ts.sys.readFile(path));
    const { fileNames, options } = ts.parseJsonConfigFileContent(config.config, ts.sys, root);
    this.service = ts.createLanguageService({
      // A variable that a dropped statement leaves unused changes nothing about what runs.
      getCompilationSettings: () => ({
        ...options,
        noUnusedLocals: false,
        noUnusedParameters: false,
      }),
      getScriptFileNames: () => fileNames.filter((path) => path.startsWith(join(root, "src"))),
      getScriptVersion: (path) => (this.edit?.path === path ? `edit ${this.version}` : "0"),
      getScriptSnapshot: (path) => {
        const text = this.edit?.path === path ? this.edit.text : ts.sys.readFile(path);
        return text === undefined ? undefined : ts.ScriptSnapshot.fromString(text);
      },
      getCurrentDirectory: () => root,
      getDefaultLibFileName: (settings) => ts.getDefaultLibFilePath(settings),
      fileExists: (path) => ts.sys.fileExists(path),
      readFile: (path) => ts.sys.readFile(path),
      readDirectory: (...args) => ts.sys.readDirectory(...args),
      directoryExists: (path) => ts.sys.directoryExists(path),
      getDirectories: (path) => ts.sys.getDirectories(path),
    });
  }

  /** @param text of the file before the mutation */
  compiles(mutation: Mutation, text: string): boolean {
    const path = join(this.root, mutation.file);
    this.edit = { path, text: mutated(text, mutation) };
    this.version++;
    return (
      this.service.getSyntacticDiagnostics(path).length === 0 &&
      this.service.getSemanticDiagnostics(path).length === 0
    );
  }
}
