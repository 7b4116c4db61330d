import { join } from "../../../files/text/path.ts";
import { host } from "./host.ts";

export interface ListedFile {
  /** Below the folder. */
  readonly path: string;
  readonly size: number;
}

/** All files of a folder, without those whose names begin with a dot. */
export async function listFiles(root: string, below = ""): Promise<ListedFile[]> {
  const { store } = host;
  const { folders, files } = await store.list(join(root, below));
  const found: ListedFile[] = [];
  for (const name of files) {
    const path = join(below, name);
    found.push({ path, size: (await store.stat(join(root, path)))?.size ?? 0 });
  }
  for (const name of folders) found.push(...(await listFiles(root, join(below, name))));
  return found;
}
