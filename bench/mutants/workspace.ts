import { rmSync } from "node:fs";
import { cp, mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { mutated, type Mutation } from "./mutation.ts";

/** Not part of what the tests read. */
const left = new Set([".git", "node_modules", "dist", "runs", "coverage"]);

/** A copy of the repository to mutate, so that the sources themselves are never written; removed at the end of the process. */
export class Workspace {
  private readonly changed = new Set<string>();
  private readonly originals = new Map<string, string>();

  private constructor(
    /** The copy's root. */
    readonly root: string,
    /** Folder of one file for each mutant whose code was executed. */
    private readonly reached: string,
  ) {}

  static async create(source: string): Promise<Workspace> {
    const folder = await mkdtemp(join(tmpdir(), "tag2mask-mutants-"));
    process.on("exit", () => rmSync(folder, { recursive: true, force: true }));
    const [root, reached] = [join(folder, "tree"), join(folder, "reached")];
    await cp(source, root, {
      recursive: true,
      filter: (path) => path === source || !left.has(basename(path)),
    });
    await symlink(join(source, "node_modules"), join(root, "node_modules"), "junction");
    await mkdir(reached);
    return new Workspace(root, reached);
  }

  /** The file without mutation. */
  private async original(file: string): Promise<string> {
    const known = this.originals.get(file);
    if (known !== undefined) return known;
    const text = await readFile(join(this.root, file), "utf8");
    this.originals.set(file, text);
    return text;
  }

  async mutate(mutation: Mutation): Promise<void> {
    await this.write(mutation.file, mutated(await this.original(mutation.file), mutation));
  }

  async restore(file: string): Promise<void> {
    await this.write(file, await this.original(file));
  }

  /** Takes the absolute paths that were written since the last call. */
  takeChanged(): string[] {
    const paths = [...this.changed];
    this.changed.clear();
    return paths;
  }

  /**
   * Makes every mutation's place note that it is executed, in whichever process or thread; one whose syntax is
   * unknown notes that its file is loaded.
   */
  async instrument(mutations: readonly Mutation[]): Promise<void> {
    const files = [...new Set(mutations.map(({ file }) => file))];
    for (const file of files) {
      const here = mutations.flatMap((mutation, index) => {
        return mutation.file === file ? [{ ...mutation, index }] : [];
      });
      await this.write(file, withProbes(await this.original(file), here, this.reached));
    }
  }

  /** Takes the indices of the mutations whose code was executed since the last call. */
  async takeReached(): Promise<number[]> {
    const names = await readdir(this.reached);
    await Promise.all(names.map((name) => rm(join(this.reached, name))));
    return names.map(Number).sort((a, b) => a - b);
  }

  private async write(file: string, text: string): Promise<void> {
    const path = join(this.root, file);
    await writeFile(path, text);
    this.changed.add(path);
  }
}

/**
 * Wraps an expression as `(__reach(index), …)`, a statement as `{ __reach(index); … }`, and lets the whole file
 * note a place of unknown syntax.
 */
export function withProbes(
  text: string,
  places: readonly (Pick<Mutation, "start" | "end" | "place"> & { readonly index: number })[],
  folder: string,
): string {
  const sorted = places
    .filter(({ place }) => place !== "text")
    .sort((a, b) => a.start - b.start || b.end - a.end);
  const loaded = places.filter(({ place }) => place === "text");
  const insertions = new Map<number, string>();
  const insert = (at: number, added: string): void => {
    insertions.set(at, (insertions.get(at) ?? "") + added);
  };
  // Inner ranges close before outer ones.
  const closing = [...sorted].reverse().sort((a, b) => a.end - b.end);
  for (const { end, place } of closing) insert(end, place === "statement" ? " }" : ")");
  for (const { start, index, place } of sorted)
    insert(start, place === "statement" ? `{ __reach(${index}); ` : `(__reach(${index}), `);
  let [out, last] = ["", 0];
  for (const [at, added] of [...insertions].sort(([a], [b]) => a - b)) {
    out += text.slice(last, at) + added;
    last = at;
  }
  return `${out}${text.slice(last)}
${loaded.map(({ index }) => `__reach(${index});`).join("\n")}
function __reach(index) {
  const seen = (globalThis.__reached ??= []);
  if (seen[index]) return;
  seen[index] = true;
  const { writeFileSync } = process.getBuiltinModule("node:fs");
  writeFileSync(${JSON.stringify(`${folder}/`)} + index, "");
}
`;
}
