import type { FileHost } from "../../host/host.ts";
import type { ArchiveReader, FileInfo, FolderContent, Store } from "../../host/store.ts";
import { UserError } from "../../user-error.ts";
import { join } from "../text/path.ts";
import { overlayHost, type Overlay } from "./overlay-host.ts";

/** Most bytes of a file in an archive that is unpacked into memory. */
const unpackLimit = 512 * 1024 * 1024;

/** A host that shows an archive as a folder at the archive's path, to be read only; all other paths are its own. */
export function archiveHost(host: FileHost, path: string, archive: ArchiveReader): FileHost {
  return overlayHost(host, new ArchiveFolder(path, archive));
}

/** The folder of an archive that holds everything: the archive itself, or the only folder in it, and so on. */
export async function topFolder(store: Store, path: string): Promise<string> {
  const { folders, files } = await store.list(path);
  const [only, ...others] = folders;
  const holdsOne = only !== undefined && others.length === 0 && files.length === 0;
  // Folders of these names belong to the layout of a data set.
  const isLayout = only !== undefined && /^(labels|masks|annotations|SegmentationClass)$/i.test(only); // prettier-ignore
  return holdsOne && !isLayout ? topFolder(store, join(path, only)) : path;
}

/** The files of an archive by the paths that they have below it. */
class ArchiveFolder implements Overlay {
  private readonly names = new Map<string, string>();
  private readonly folders = new Map<string, { folders: Set<string>; files: string[] }>();
  /** The file that was read last, as annotations are read again for every image. */
  private last: { readonly path: string; readonly bytes: Promise<Uint8Array> } | undefined;

  constructor(
    private readonly root: string,
    private readonly archive: ArchiveReader,
  ) {
    this.folders.set(join(root), { folders: new Set(), files: [] });
    for (const name of archive.names) this.add(name);
  }

  private add(name: string): void {
    const parts = name.replaceAll("\\", "/").split("/");
    // Hidden files, and what macOS adds to the archives that it makes.
    if (parts.some((part) => part === "" || part.startsWith(".") || part === "__MACOSX")) return;
    let folder = join(this.root);
    parts.forEach((part, i) => {
      const content = this.folders.get(folder)!;
      const path = join(folder, part);
      if (i === parts.length - 1) {
        content.files.push(part);
        this.names.set(path, name);
      } else {
        content.folders.add(part);
        if (!this.folders.has(path)) this.folders.set(path, { folders: new Set(), files: [] });
        folder = path;
      }
    });
  }

  /** Whether a path lies in the archive, or is its own. */
  has(path: string): boolean {
    const top = join(this.root);
    return join(path) === top || join(path).startsWith(`${top}/`);
  }

  stat(path: string): Promise<FileInfo | undefined> {
    const at = join(path);
    const kind = this.names.has(at) ? "file" : this.folders.has(at) ? "folder" : undefined;
    // The size is checked when the file is unpacked.
    return Promise.resolve(kind && { kind, size: 0, modified: 0 });
  }

  list(path: string): FolderContent | undefined {
    const content = this.folders.get(join(path));
    return content && { folders: [...content.folders].sort(), files: [...content.files].sort() };
  }

  read(path: string): Promise<Uint8Array> {
    const name = this.names.get(join(path));
    if (name === undefined) return Promise.reject(new UserError(`${path}: no such file`));
    if (this.last?.path !== name) {
      this.last = { path: name, bytes: this.archive.read(name, unpackLimit) };
    }
    return this.last.bytes;
  }
}
