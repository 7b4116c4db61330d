import type { ArchiveReader, Store } from "../../host/store.ts";
import { UserError } from "../../user-error.ts";
import { join } from "../text/path.ts";
import { checkFileSize } from "./text-files.ts";

/** Deepest level of subfolders that is read (links may lead in circles). */
const maxDepth = 8;

/** The files of a folder as an archive, such as those of an unpacked zip. */
export async function openFolder(store: Store, path: string): Promise<ArchiveReader> {
  const list = async (folder: string, depth: number): Promise<string[]> => {
    const { folders, files } = await store.list(join(path, folder));
    const paths = files.map((file) => join(folder, file));
    if (depth < maxDepth) {
      for (const name of folders) paths.push(...(await list(join(folder, name), depth + 1)));
    }
    return paths;
  };
  const files = new Map((await list("", 0)).map((file) => [file.normalize("NFC"), file]));
  return {
    names: [...files.keys()],
    async read(name, limit) {
      const file = files.get(name);
      if (file === undefined) throw new UserError(`${path}: has no ${name}`);
      await checkFileSize(store, join(path, file), limit);
      return store.read(join(path, file));
    },
    close: () => Promise.resolve(),
  };
}
