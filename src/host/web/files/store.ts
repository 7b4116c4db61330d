import { UserError } from "../../../user-error.ts";
import type { FileData, FolderContent, Store } from "../../store.ts";
import { blobSource } from "./blob-source.ts";
import { failure, orFailure, orUnreadable, orUnwritable } from "./file-error.ts";
import { appendedFile, bytesOf, GrowingFile } from "./growing-file.ts";
import { lockFolder } from "./lock.ts";
import { partsOf, temporaryBeside, textOf, type Path } from "./path.ts";
import type { FileWriter, Found } from "./volume.ts";
import { droppedFolder, type Volumes } from "./volumes.ts";

/** Default size of a piece, in bytes. */
const pieceSize = 1 << 16;

/**
 * The files of a page, see `Volumes`. Every write goes to a temporary file that is then renamed. Use it in a worker: there files
 * grow in place, in a page each `sync` copies the file.
 */
export function webStore(volumes: Volumes): Store {
  const find = async (path: Path): Promise<Found> => {
    if (path.length === 0 || (path.length === 1 && path[0] === droppedFolder)) return "folder";
    const place = await volumes.of(path);
    return place?.volume.find(place.rest);
  };
  const fileAt = async (path: string): Promise<File> => {
    const found = await orUnreadable(path, find(partsOf(path)));
    if (found === "folder")
      throw new UserError(`${path}: cannot be read: it is a folder, not a file`);
    if (found) return found;
    throw new UserError(`${path}: cannot be read: no such file or folder`);
  };
  const makeFolder = async (parts: Path): Promise<string | undefined> => {
    if (parts.length === 0) return undefined;
    let depth = parts.length;
    while (depth > 0 && (await find(parts.slice(0, depth))) === undefined) depth--;
    if (depth === parts.length) {
      if ((await find(parts)) === "folder") return undefined;
      throw new DOMException("a file", "TypeMismatchError");
    }
    const { writing, rest } = await volumes.writing(parts);
    await writing.makeFolder(rest);
    return textOf(parts.slice(0, depth + 1));
  };
  const remove = async (parts: Path): Promise<void> => {
    if ((await find(parts)) === undefined) return;
    const { writing, rest } = await volumes.writing(parts);
    await writing.remove(rest);
  };
  /** Gives a file a name in the same place. */
  const move = async (from: Path, to: Path): Promise<void> => {
    const { writing, rest } = await volumes.writing(from);
    await writing.move(rest, (await volumes.writing(to)).rest);
  };
  const create = async (parts: Path): Promise<FileWriter> => {
    const { writing, rest } = await volumes.writing(parts);
    return writing.create(rest);
  };
  const writeNew = async (parts: Path, data: FileData): Promise<void> => {
    await makeFolder(parts.slice(0, -1));
    const file = await create(parts);
    try {
      const isWhole = typeof data === "string" || data instanceof Uint8Array;
      for await (const piece of isWhole ? [data] : data) await file.write(bytesOf(piece));
      await file.flush();
    } finally {
      await file.close();
    }
  };
  const writeFiles: Store["write"] = async (files) => {
    const staged: { path: string; parts: string[]; temporary: string[] }[] = [];
    let current = "";
    try {
      for (const { path, data } of files) {
        current = path;
        const parts = partsOf(path);
        const temporary = temporaryBeside(parts);
        staged.push({ path, parts, temporary });
        await writeNew(temporary, data);
      }
      if (files.length > 1) {
        if ((await find(partsOf(current))) === "folder") {
          throw new DOMException("a folder", "TypeMismatchError");
        }
        await remove(partsOf(current));
      }
      for (const { path, parts, temporary } of staged) {
        current = path;
        await move(temporary, parts);
      }
    } catch (error) {
      for (const { temporary } of staged) await remove(temporary).catch(() => undefined);
      throw failure(`${current}: cannot be written`, error);
    }
  };
  const copy = async (from: string, to: string): Promise<void> => {
    const pieces = (await fileAt(from)).stream();
    await orFailure(`${from}: cannot be copied to ${to}`, writeFiles([{ path: to, data: pieces }]));
  };
  const moveAll = async (from: string[], to: string[]): Promise<void> => {
    await makeFolder(to);
    const { folders, files } = await list(from);
    for (const name of files) await move([...from, name], [...to, name]);
    for (const name of folders) await moveAll([...from, name], [...to, name]);
  };
  const list = async (parts: Path): Promise<FolderContent> => {
    if (parts.length === 1 && parts[0] === droppedFolder) {
      return { folders: volumes.setup.dropped.map(({ name }) => name), files: [] };
    }
    const place = await volumes.of(parts);
    if (!place) throw new DOMException("none", "NotFoundError");
    return place.volume.list(place.rest);
  };
  return {
    async list(folder, { sorted = true, hidden = false } = {}) {
      const { folders, files } = await orUnreadable(folder, list(partsOf(folder)));
      const shown = (names: readonly string[]): string[] => {
        const kept = hidden ? [...names] : names.filter((name) => !name.startsWith("."));
        return sorted ? kept.sort() : kept;
      };
      return { folders: shown(folders), files: shown(files) };
    },
    async stat(path) {
      const found = await orUnreadable(path, find(partsOf(path)));
      if (found === undefined) return undefined;
      if (found === "folder") return { kind: "folder", size: 0, modified: 0 };
      return { kind: "file", size: found.size, modified: found.lastModified };
    },
    exists: (path) =>
      find(partsOf(path)).then(
        (found) => found !== undefined,
        () => false,
      ),
    open: async (path) => blobSource(await fileAt(path), path),
    async read(path) {
      return new Uint8Array(await orUnreadable(path, (await fileAt(path)).arrayBuffer()));
    },
    async readText(path) {
      // Leaves out the byte order mark.
      return orUnreadable(path, (await fileAt(path)).text());
    },
    async *pieces(path, bytes = pieceSize) {
      const file = await fileAt(path);
      for (let at = 0; at < file.size; at += bytes) {
        yield new Uint8Array(await orUnreadable(path, file.slice(at, at + bytes).arrayBuffer()));
      }
    },
    async openArchive(path) {
      const { openZip } = await import("./zip.ts");
      return openZip(blobSource(await fileAt(path), path));
    },
    async openStoredArchive(source) {
      const { openStoredZip } = await import("./zip.ts");
      return openStoredZip(source);
    },
    // eslint-disable-next-line require-yield -- the interface is that of members
    async *tarMembers({ name }) {
      throw new UserError(`${name}: tars are not read in a browser; unpack it and give the folder`);
    },
    write: writeFiles,
    writeStream(path) {
      const parts = partsOf(path);
      const temporary = temporaryBeside(parts);
      const start = async (): Promise<GrowingFile> => {
        await makeFolder(parts.slice(0, -1));
        return new GrowingFile(path, await create(temporary), {
          keep: () => move(temporary, parts),
          remove: () => remove(temporary),
        });
      };
      return orUnwritable(path, start());
    },
    append(path, length = Infinity) {
      const open = async () => {
        const { writing, rest } = await volumes.writing(partsOf(path));
        return appendedFile(path, await writing.append(rest, length));
      };
      return orUnwritable(path, open());
    },
    copy,
    // No place of a browser has links.
    link: copy,
    makeFolder: (path) =>
      orFailure(`${path}: the folder cannot be created`, makeFolder(partsOf(path))),
    async claimFolder(path) {
      const parts = partsOf(path);
      // Browsers do not tell whether a folder is new.
      const claim = async (): Promise<boolean> => {
        if ((await find(parts)) !== undefined) return false;
        if ((await find(parts.slice(0, -1))) === undefined) {
          throw new DOMException("no parent", "NotFoundError");
        }
        await makeFolder(parts);
        return true;
      };
      const claiming = navigator.locks.request("tag2mask claims a folder", claim);
      return orFailure(`${path}: the folder cannot be created`, claiming);
    },
    async moveFolder(from, to) {
      const [source, target] = [partsOf(from), partsOf(to)];
      const moving = async (): Promise<boolean> => {
        if ((await find(target)) !== undefined) return false;
        if ((await find(source)) !== "folder") throw new DOMException("none", "NotFoundError");
        // No browser moves whole folders: the new one appears file by file, and the old one goes at the end.
        await moveAll(source, target);
        await remove(source);
        return true;
      };
      return orFailure(`${from}: cannot be renamed to ${to}`, moving());
    },
    remove: (path) => orFailure(`${path}: cannot be removed`, remove(partsOf(path))),
    async removeEmptyFolders(folder, top) {
      const end = textOf(partsOf(top));
      for (let parts = partsOf(folder); parts.length > 0 && textOf(parts) !== end; parts.pop()) {
        const content = await list(parts).catch(() => undefined);
        if (!content || content.folders.length + content.files.length > 0) return;
        await remove(parts).catch(() => undefined);
      }
    },
    lock(folder, use) {
      const parts = partsOf(folder);
      const exists = async (): Promise<boolean> => (await find(parts)) === "folder";
      return orUnwritable(folder, lockFolder(textOf(parts), exists, { place: folder, ...use }));
    },
    async freeSpace() {
      const { quota, usage = 0 } = (await navigator.storage?.estimate?.()) ?? {};
      return quota === undefined ? undefined : Math.max(0, quota - usage);
    },
    absolute: (path) => textOf(partsOf(path)),
    // Files of a page have no address; a link leads nowhere but names the path.
    url: (path) => `#${textOf(partsOf(path)).split("/").map(encodeURIComponent).join("/")}`,
  };
}
