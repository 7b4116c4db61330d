import fs, { type FileHandle } from "node:fs/promises";
import { syncBuiltinESMExports } from "node:module";
import { sep } from "node:path";

/** A moment at which a kill leaves the files in a state of their own. */
export interface KillPoint {
  /** Counted from 0, all operations of the process. */
  readonly index: number;
  /** The operation that comes next, or of which half is done. */
  readonly operation: string;
  readonly half: boolean;
  /** Bytes of each file that are on the disk for certain, where more have been written: a power cut may leave no more. */
  readonly unsynced: ReadonlyMap<string, number>;
}

type Operation = (...args: unknown[]) => Promise<unknown>;

/**
 * Calls `onPoint` before every operation of this process that changes a file below a folder, and in the middle of every write.
 * Call it before the modules that use the file system are loaded.
 */
export async function watchFiles(
  folder: string,
  onPoint: (point: KillPoint) => void,
): Promise<void> {
  let index = 0;
  const unsynced = new Map<string, number>();
  const paths = new WeakMap<FileHandle, string>();
  const isInside = (path: unknown): path is string =>
    typeof path === "string" && `${path}${sep}`.startsWith(`${folder}${sep}`);
  const point = (operation: string, half = false): void =>
    onPoint({ index: index++, operation, half, unsynced });
  const sizeOf = async (path: string): Promise<number> =>
    ((await originals.stat!(path).catch(() => ({ size: 0 }))) as { size: number }).size;

  const names = [
    "open",
    "stat",
    "writeFile",
    "appendFile",
    "rename",
    "link",
    "copyFile",
    "mkdir",
    "rmdir",
    "rm",
  ] as const;
  const originals = Object.fromEntries(
    names.map((name) => [name, fs[name] as unknown as Operation]),
  );
  const replace = (name: (typeof names)[number], by: Operation): void =>
    void Object.assign(fs, { [name]: by });

  for (const name of ["rename", "link", "copyFile", "mkdir", "rmdir", "rm"] as const) {
    replace(name, async (...args) => {
      const target =
        name === "rename" || name === "link" || name === "copyFile" ? args[1] : args[0];
      if (!isInside(target)) return originals[name]!(...args);
      point(`${name} ${target}`);
      const result = await originals[name]!(...args);
      const open = unsynced.get(String(args[0]));
      if (open !== undefined && name !== "rm") unsynced.set(target, open);
      if (name === "rename" || name === "rm") unsynced.delete(String(args[0]));
      return result;
    });
  }
  replace("writeFile", async (path, data, ...rest) => {
    if (!isInside(path)) return originals["writeFile"]!(path, data, ...rest);
    point(`write ${path}`);
    const bytes = Buffer.from(data as string | Uint8Array as string);
    const middle = bytes.length >> 1;
    await originals["writeFile"]!(path, bytes.subarray(0, middle), ...rest);
    unsynced.set(path, 0);
    point(`write ${path}`, true);
    return originals["appendFile"]!(path, bytes.subarray(middle));
  });
  replace("open", async (path, flags, ...rest) => {
    const writes = isInside(path) && flags !== undefined && flags !== "r" && flags !== 0;
    if (writes) point(`open ${path}`);
    const handle = (await originals["open"]!(path, flags, ...rest)) as FileHandle;
    if (writes) paths.set(handle, path);
    return handle;
  });

  const sample = await fs.open(process.execPath, "r");
  const prototype = Object.getPrototypeOf(sample) as Record<string, unknown>;
  await sample.close();
  const patch = (
    name: string,
    by: (
      handle: FileHandle,
      original: Operation,
      path: string,
      args: unknown[],
    ) => Promise<unknown>,
  ): void => {
    const original = prototype[name] as Operation;
    prototype[name] = function (this: FileHandle, ...args: unknown[]): Promise<unknown> {
      const path = paths.get(this);
      const call: Operation = (...given) => original.apply(this, given);
      return path === undefined ? call(...args) : by(this, call, path, args);
    };
  };
  const keep = async (path: string): Promise<void> => {
    if (!unsynced.has(path)) unsynced.set(path, await sizeOf(path));
  };
  patch("writeFile", async (_, original, path, [data]) => {
    point(`write ${path}`);
    await keep(path);
    const bytes = Buffer.from(data as string | Uint8Array as string);
    const middle = bytes.length >> 1;
    await original(bytes.subarray(0, middle));
    point(`write ${path}`, true);
    return original(bytes.subarray(middle));
  });
  patch("write", async (_, original, path, args) => {
    const [bytes, start, length, position] = args as [Uint8Array, number, number, number];
    point(`write ${path}`);
    await keep(path);
    const middle = length >> 1;
    await original(bytes, start, middle, position);
    point(`write ${path}`, true);
    await original(bytes, start + middle, length - middle, position + middle);
    return { bytesWritten: length, buffer: bytes };
  });
  for (const name of ["sync", "datasync", "truncate"]) {
    patch(name, async (_, original, path, args) => {
      point(`${name} ${path}`);
      const result = await original(...args);
      if (name !== "truncate") unsynced.delete(path);
      return result;
    });
  }
  // What modules import by name are these functions from now on.
  syncBuiltinESMExports();
}
