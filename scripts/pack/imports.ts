import { readFile } from "node:fs/promises";
import { isBuiltin } from "node:module";
import { dirname, join } from "node:path";
import ts from "typescript";

/** What files import, and what those import in turn. */
export interface Imports {
  /** The files themselves and all that they reach by relative imports, sorted; paths in their folder. */
  readonly files: readonly string[];
  /** Packages that any of them imports, sorted. */
  readonly packages: readonly string[];
}

/**
 * Follows the imports of files for browsers: JavaScript, declarations or TypeScript, static and dynamic. An import of a builtin
 * of Node is an error.
 * @param entries paths in the folder
 */
export async function importsOf(folder: string, entries: readonly string[]): Promise<Imports> {
  const files = new Set<string>();
  const packages = new Set<string>();
  const waiting = [...entries];
  for (let file = waiting.pop(); file !== undefined; file = waiting.pop()) {
    if (files.has(file)) continue;
    files.add(file);
    if (file.endsWith(".json")) continue;
    const text = await readFile(join(folder, file), "utf8");
    for (const { fileName: name } of ts.preProcessFile(text, true, true).importedFiles) {
      if (name.startsWith(".")) waiting.push(target(file, name));
      else if (!isBuiltin(name)) packages.add(packageOf(name));
      else throw new Error(`pack: ${file} imports ${name}, which no browser has`);
    }
  }
  return { files: [...files].sort(), packages: [...packages].sort() };
}

/** The file that a relative import means: of a declaration, the declaration beside the JavaScript that it names. */
function target(from: string, name: string): string {
  const path = join(dirname(from), name).replaceAll("\\", "/");
  return from.endsWith(".d.ts") ? path.replace(/\.js$/, ".d.ts") : path;
}

function packageOf(name: string): string {
  return name.split("/", name.startsWith("@") ? 2 : 1).join("/");
}
