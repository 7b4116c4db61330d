import type { Store } from "../../../host/store.ts";
import { join, relative } from "../../../files/text/path.ts";

/** A file or folder that a list of images depends on. */
export interface Source {
  /** From the data folder. */
  readonly path: string;
  /** Time of the last change, in milliseconds. */
  readonly modified: number;
  readonly size: number;
}

/** Most files that are remembered; folders of annotations may have more, and their own time is enough for most changes. */
const mostFiles = 20_000;

/** A store that notes which files and folders are read through it, as they were before. */
export class NotedStore {
  private readonly sources = new Map<string, Source>();
  private files = 0;
  readonly store: Store;

  /** @param root absolute */
  constructor(
    private readonly inner: Store,
    private readonly root: string,
  ) {
    this.store = {
      ...inner,
      list: async (folder, options) => {
        await this.note(folder);
        return inner.list(folder, options);
      },
      read: async (path) => {
        await this.note(path);
        return inner.read(path);
      },
      readText: async (path) => {
        await this.note(path);
        return inner.readText(path);
      },
      open: async (path) => {
        await this.note(path);
        return inner.open(path);
      },
      pieces: (path, bytes) => this.pieces(path, bytes),
    };
  }

  get list(): readonly Source[] {
    return [...this.sources.values()];
  }

  /** Notes a file or folder, or that it is changed by this process itself. */
  async note(path: string): Promise<void> {
    const info = await this.inner.stat(path);
    if (!info) return;
    if (info.kind === "file" && ++this.files > mostFiles) return;
    const { modified } = info;
    const size = info.kind === "file" ? info.size : 0;
    const from = relative(this.root, this.inner.absolute(path));
    this.sources.set(from, { path: from, modified, size });
  }

  private async *pieces(path: string, bytes?: number): AsyncGenerator<Uint8Array> {
    await this.note(path);
    yield* this.inner.pieces(path, bytes);
  }
}

/** Whether files and folders are as they were. */
export async function areUnchanged(
  store: Pick<Store, "stat">,
  root: string,
  sources: readonly Source[],
): Promise<boolean> {
  for (const { path, modified, size } of sources) {
    const info = await store.stat(join(root, path));
    if (!info || info.modified !== modified) return false;
    if (info.kind === "file" && info.size !== size) return false;
  }
  return true;
}
