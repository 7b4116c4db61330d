import type { FolderContent } from "../../store.ts";
import { isMissing } from "./file-error.ts";
import { textOf, type Path } from "./path.ts";
import type { FileWriter, Found, Volume, VolumeWriting } from "./volume.ts";
import { openWriter } from "./handle-writer.ts";

/** What TypeScript's declarations lack of a handle. */
interface Movable {
  move?(folder: FileSystemDirectoryHandle, name: string): Promise<void>;
}

/** Files behind a handle of the browser: the storage of the page (OPFS), or a folder that was dropped or chosen. */
export class HandleVolume implements Volume {
  readonly writing: VolumeWriting | undefined;

  constructor(
    readonly root: FileSystemDirectoryHandle,
    { writable = false } = {},
  ) {
    if (writable) this.writing = this.writer();
  }

  async find(path: Path): Promise<Found> {
    const name = path.at(-1);
    if (name === undefined) return "folder";
    try {
      const folder = await this.folder(path.slice(0, -1));
      const handle = await folder.getFileHandle(name).catch((error: unknown) => {
        if (isMismatch(error)) return undefined;
        throw error;
      });
      return handle === undefined ? "folder" : await handle.getFile();
    } catch (error) {
      if (isMissing(error) || isMismatch(error)) return undefined;
      throw error;
    }
  }

  async list(path: Path): Promise<FolderContent> {
    const out = { folders: [] as string[], files: [] as string[] };
    for await (const [name, handle] of (await this.folder(path)).entries()) {
      (handle.kind === "directory" ? out.folders : out.files).push(name);
    }
    return out;
  }

  private async folder(path: Path, create = false): Promise<FileSystemDirectoryHandle> {
    let folder = this.root;
    for (const name of path) folder = await folder.getDirectoryHandle(name, { create });
    return folder;
  }

  private async file(path: Path, create: boolean): Promise<FileSystemFileHandle> {
    const folder = await this.folder(path.slice(0, -1));
    return folder.getFileHandle(path.at(-1)!, { create });
  }

  private writer(): VolumeWriting {
    // A browser removes no file that is open for writing, as every system with POSIX does.
    const open = new Map<FileWriter, string>();
    const append = async (path: Path, length: number): Promise<FileWriter> => {
      const writer = await openWriter(await this.file(path, true), length);
      open.set(writer, textOf(path));
      return writer;
    };
    const closeIn = async (path: Path): Promise<void> => {
      for (const [writer, place] of open) {
        if (!`${place}/`.startsWith(path.length === 0 ? "/" : `${textOf(path)}/`)) continue;
        open.delete(writer);
        await writer.close().catch(() => undefined);
      }
    };
    return {
      makeFolder: async (path) => void (await this.folder(path, true)),
      create: (path) => append(path, 0),
      append,
      move: async (from, to) => {
        const [handle, folder] = [await this.file(from, false), await this.folder(to.slice(0, -1))];
        const movable: Movable = handle as unknown as Movable;
        // A folder of that name is not to be replaced.
        if ((await this.find(to)) === "folder")
          throw new DOMException("a folder", "TypeMismatchError");
        if (movable.move) return movable.move(folder, to.at(-1)!);
        const copy = await append(to, 0);
        try {
          for await (const piece of (await handle.getFile()).stream()) await copy.write(piece);
        } finally {
          await copy.close();
        }
        await (await this.folder(from.slice(0, -1))).removeEntry(from.at(-1)!);
      },
      remove: async (path) => {
        try {
          await closeIn(path);
          const folder = await this.folder(path.slice(0, -1));
          const names = path.length === 0 ? await namesIn(folder) : [path.at(-1)!];
          for (const name of names) await folder.removeEntry(name, { recursive: true });
        } catch (error) {
          if (!isMissing(error)) throw error;
        }
      },
    };
  }
}

async function namesIn(folder: FileSystemDirectoryHandle): Promise<string[]> {
  const names: string[] = [];
  for await (const name of folder.keys()) names.push(name);
  return names;
}

function isMismatch(error: unknown): boolean {
  return error instanceof DOMException && error.name === "TypeMismatchError";
}
