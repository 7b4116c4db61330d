import { createHash } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import ts from "typescript";

/** The static imports among the files of a repository. */
export class ImportGraph {
  private readonly imports = new Map<string, readonly string[]>();
  private readonly digests = new Map<string, string>();

  constructor(private readonly root: string) {}

  /**
   * Every file that one file reaches through imports, with the length of the shortest chain.
   * @param from path from the root, as are the keys of the answer
   */
  distances(from: string): Map<string, number> {
    const distances = new Map([[from, 0]]);
    for (const [file, distance] of distances)
      for (const imported of this.importsOf(file))
        if (!distances.has(imported)) distances.set(imported, distance + 1);
    return distances;
  }

  /** Digest of a file and of everything it imports: it changes when a rerun could end otherwise. */
  digest(from: string): string {
    const hash = createHash("sha256");
    for (const file of [...this.distances(from).keys()].sort())
      hash.update(`${file} ${this.digestOfFile(file)}\n`);
    return hash.digest("hex").slice(0, 16);
  }

  private digestOfFile(file: string): string {
    const known = this.digests.get(file);
    if (known) return known;
    const content = readFileSync(join(this.root, file));
    const digest = createHash("sha256").update(content).digest("hex");
    this.digests.set(file, digest);
    return digest;
  }

  private importsOf(file: string): readonly string[] {
    const known = this.imports.get(file);
    if (known) return known;
    const { importedFiles } = ts.preProcessFile(readFileSync(join(this.root, file), "utf8"));
    const imports = importedFiles
      .filter(({ fileName }) => fileName.startsWith("."))
      .map(({ fileName }) => join(dirname(file), fileName).replaceAll("\\", "/"))
      .filter((path) => existsSync(join(this.root, path)));
    this.imports.set(file, imports);
    return imports;
  }
}
