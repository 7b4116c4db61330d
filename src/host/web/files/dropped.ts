import type { FileMap } from "./memory-volume.ts";

/** A dropped or chosen folder: a handle where the browser has them, else all of its files by their paths. */
export interface DroppedFolder {
  readonly name: string;
  readonly content: FileSystemDirectoryHandle | FileMap;
}

/** Everything that was dropped at once: folders, and single files by their names. */
export interface Dropped {
  readonly folders: readonly DroppedFolder[];
  readonly files: ReadonlyMap<string, File>;
}

interface HandleItem {
  getAsFileSystemHandle?(): Promise<FileSystemHandle | null>;
}

/**
 * What an event `drop` brought. Call it in the event itself, before anything else is awaited: the browser forgets it afterwards.
 * Folders are read-only; without File System Access their files are listed at once.
 */
export async function droppedFiles({ items }: Pick<DataTransfer, "items">): Promise<Dropped> {
  const files = new Map<string, File>();
  const folders: DroppedFolder[] = [];
  // All at once, while the event lasts.
  const found = [...items]
    .filter(({ kind }) => kind === "file")
    .map((item) => ({
      handle: (item as DataTransferItem & HandleItem).getAsFileSystemHandle?.(),
      entry: item.webkitGetAsEntry(),
      file: item.getAsFile(),
    }));
  for (const { handle: opening, entry, file } of found) {
    const handle = await opening?.catch(() => null);
    if (handle?.kind === "directory") {
      folders.push({ name: handle.name, content: handle as FileSystemDirectoryHandle });
    } else if (entry?.isDirectory) {
      const content = await filesOf(entry as FileSystemDirectoryEntry);
      folders.push({ name: entry.name, content });
    } else if (file) files.set(file.name, file);
  }
  return { folders, files };
}

/** The folders of an `<input type="file" webkitdirectory>`. */
export function chosenFolders(files: Iterable<File>): DroppedFolder[] {
  const folders = new Map<string, Map<string, File>>();
  for (const file of files) {
    const [name = "", ...path] = file.webkitRelativePath.split("/");
    let content = folders.get(name);
    if (!content) folders.set(name, (content = new Map()));
    content.set(path.join("/"), file);
  }
  return [...folders].map(([name, content]) => ({ name, content }));
}

/** All files of a folder, by their paths in it. */
async function filesOf(root: FileSystemDirectoryEntry): Promise<Map<string, File>> {
  const files = new Map<string, File>();
  const walk = async (folder: FileSystemDirectoryEntry, path: string): Promise<void> => {
    const reader = folder.createReader();
    for (;;) {
      // A call gives a hundred entries at most; none means the end.
      const entries = await new Promise<FileSystemEntry[]>((resolve, reject) =>
        reader.readEntries(resolve, reject),
      );
      if (entries.length === 0) return;
      for (const entry of entries) {
        const at = path + entry.name;
        if (entry.isDirectory) await walk(entry as FileSystemDirectoryEntry, `${at}/`);
        else {
          const file = await new Promise<File>((resolve, reject) =>
            (entry as FileSystemFileEntry).file(resolve, reject),
          );
          files.set(at, file);
        }
      }
    }
  };
  await walk(root, "");
  return files;
}
