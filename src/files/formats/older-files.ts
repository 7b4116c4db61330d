import type { Store } from "../../host/store.ts";
import { nameKey } from "../text/file-name.ts";
import { basename, dirname, extname, join } from "../text/path.ts";
import { areWhole, fileListText, readFileList, type FinishedFile } from "./finished-files.ts";

/** The list of the files of the job that completed a folder, with sizes and checksums, hidden in it. */
export const fileListName = ".tag2mask.jsonl";

/** Name of the list of older files in the hidden folder of an unfinished job. */
const olderName = "older.jsonl";

/** Most files that a job names one by one. */
export const mostNamed = 1000;

/** What became of the files of earlier jobs, and of files in the folders of a job that no job lists. */
export interface Replaced {
  /** Number of files of earlier jobs that were removed, since the job has no file of their name. */
  readonly removed: number;
  /** Files of earlier jobs that were changed since, and therefore stay. */
  readonly changed: readonly string[];
  /** Other files of the same kind in the folders of the job: nobody knows whose they are, and they stay. */
  readonly others: readonly string[];
}

interface Places {
  readonly path: string;
  readonly single: boolean;
  /** The folder that the paths of files are relative to. */
  readonly root: string;
  /** The hidden folder of the job. */
  readonly folder: string;
}

/**
 * The files of earlier jobs in the place of a new one. They stay until the new job is complete; those that it has not written
 * again are removed then, if they are as they were written. Files that no job lists are never touched.
 */
export class OlderFiles {
  private constructor(
    private readonly store: Store,
    private readonly places: Places,
    private readonly files: Map<string, FinishedFile>,
    /** Whether a list in the hidden folder is all that knows of some of them. */
    private stored: boolean,
  ) {}

  static async find(store: Store, places: Places): Promise<OlderFiles> {
    const { single, root, path, folder } = places;
    const stored = await readFileList(store, join(folder, olderName));
    const listed = single
      ? await companions(store, root, path)
      : await readFileList(store, join(root, fileListName));
    const files = new Map([...stored, ...listed].map((file) => [file.path, file]));
    return new OlderFiles(store, places, files, stored.length > 0);
  }

  get isStored(): boolean {
    return this.stored;
  }

  /** Adds the files of a job that is given up, and keeps the list on disk. */
  async add(files: readonly FinishedFile[]): Promise<void> {
    if (files.length === 0) return;
    for (const file of files) this.files.set(file.path, file);
    const path = join(this.places.folder, olderName);
    await this.store.write([{ path, data: fileListText(this.files.values()) }]);
    this.stored = true;
  }

  /**
   * Removes the older files that are not among those of a complete job, then lists its own.
   * @param look whether to look for files that no job lists
   */
  async replaceBy(own: readonly FinishedFile[], look: boolean): Promise<Replaced> {
    const { store } = this;
    const { root, single } = this.places;
    const names = new Map(own.map(({ path }) => [nameKey(path), path]));
    const exact = new Set(own.map(({ path }) => path));
    const changed: string[] = [];
    let removed = 0;
    for (const file of this.files.values()) {
      const path = join(root, file.path);
      if (
        !(await store.exists(path)) ||
        exact.has(file.path) ||
        (await this.isOneFile(file.path, names.get(nameKey(file.path))))
      )
        continue;
      if (await areWhole(store, root, [file])) {
        await store.remove(path);
        await store.removeEmptyFolders(dirname(path), root);
        removed++;
      } else {
        changed.push(file.path);
      }
    }
    const known = new Set([...names.keys(), ...changed.map(nameKey)]);
    const others = look && !single ? await this.unknownFiles(own, known) : [];
    if (!single) {
      const list = new Map(own.map((file) => [file.path, file]));
      const data = fileListText(list.values());
      await store.write([{ path: join(root, fileListName), data }]);
    }
    return { removed, changed, others };
  }

  /** Whether two names that differ in case or in the composition of letters only are those of one file, as on some disks. */
  private async isOneFile(path: string, other: string | undefined): Promise<boolean> {
    if (other === undefined) return false;
    const { files } = await this.store.list(join(this.places.root, dirname(path)));
    return ![path, other].every((name) => files.includes(basename(name)));
  }

  /** Files beside those of a job, in folders of its own, with the same endings. */
  private async unknownFiles(
    own: readonly FinishedFile[],
    known: ReadonlySet<string>,
  ): Promise<string[]> {
    const endings = new Map<string, Set<string>>();
    for (const { path } of own) {
      const folder = dirname(path);
      if (folder === ".") continue;
      endings.set(folder, (endings.get(folder) ?? new Set()).add(extname(path).toLowerCase()));
    }
    const found: string[] = [];
    for (const [folder, kinds] of endings) {
      const { files } = await this.store.list(join(this.places.root, folder));
      const paths = files.map((file) => `${folder}/${file}`);
      found.push(
        ...paths.filter(
          (path) => kinds.has(extname(path).toLowerCase()) && !known.has(nameKey(path)),
        ),
      );
    }
    return found.slice(0, mostNamed);
  }
}

/** Beginnings of the files beside a single file that an earlier job may have written and another format has not. */
const companionTexts = {
  ".confidence.csv": "name,confidence,tags,missing\n",
  ".xml": '<View>\n  <Image name="image" value="$image" zoom="true"/>\n  <BrushLabels name="mask"',
} as const;

/** The companions of a single file that are surely of an earlier job. */
async function companions(store: Store, root: string, path: string): Promise<FinishedFile[]> {
  const name = basename(path);
  const bare = name.slice(0, name.length - extname(name).length);
  const found: FinishedFile[] = [];
  for (const [ending, beginning] of Object.entries(companionTexts)) {
    const file = join(root, bare + ending);
    const info = await store.stat(file);
    if (info?.kind !== "file") continue;
    if ((await store.readText(file)).startsWith(beginning)) {
      found.push({ path: bare + ending, size: info.size });
    }
  }
  return found;
}
