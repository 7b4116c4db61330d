import { join, posix } from "node:path";
import { UserError } from "../../user-error.ts";
import type { ArchiveReader } from "../../host/store.ts";
import { listFolder } from "../../host/node/files/folder.ts";
import { readBinary } from "./text-files.ts";

/** Folders deeper than this are not looked into (links may lead in circles). */
const maxDepth = 8;

/** The files of a folder, as those of the zip that it was. */
export async function openFolder(path: string): Promise<ArchiveReader> {
  const list = async (folder: string, depth: number): Promise<string[]> => {
    const { folders, files } = await listFolder(join(path, folder));
    const found = files.map((file) => posix.join(folder, file));
    if (depth < maxDepth) {
      for (const name of folders) found.push(...(await list(posix.join(folder, name), depth + 1)));
    }
    return found;
  };
  const files = new Map((await list("", 0)).map((file) => [file.normalize("NFC"), file]));
  return {
    names: [...files.keys()],
    async read(name, limit) {
      const file = files.get(name);
      if (file === undefined) throw new UserError(`${path}: has no ${name}`);
      return readBinary(join(path, file), limit);
    },
    close: () => Promise.resolve(),
  };
}
