import fs from "node:fs/promises";
import { syncBuiltinESMExports } from "node:module";

/** Ways in which a disk fails; a short write puts half of the data down before the disk is full. */
export const faults = ["ENOSPC", "EIO", "EROFS", "short"] as const;
export type Fault = (typeof faults)[number];

const messages = {
  ENOSPC: "no space left on device",
  EIO: "i/o error",
  EROFS: "read-only file system",
};

const original = { ...fs };

/**
 * Runs work while the file operations of Node that change something are counted. The operation number `at` fails, and if
 * `lasting` all after it; removing files never does, as on a full disk.
 */
export async function withFaultyFiles<T>(
  { fault, at, lasting = false }: { fault: Fault; at: number; lasting?: boolean },
  work: () => Promise<T>,
): Promise<{ outcome: PromiseSettledResult<T>; operations: number }> {
  let operations = 0;
  const fails = (): boolean => {
    const n = operations++;
    return n === at || (lasting && n > at);
  };
  const error = (): Error => {
    const code = fault === "short" ? "ENOSPC" : fault;
    return Object.assign(new Error(`${code}: ${messages[code]}`), { code, syscall: "write" });
  };
  const guard = <A extends unknown[], R>(call: (...args: A) => Promise<R>) => {
    return (...args: A): Promise<R> => (fails() ? Promise.reject(error()) : call(...args));
  };
  const open = async (...args: Parameters<typeof original.open>) => {
    if (args[1] !== "r" && fails()) throw error();
    const file = await original.open(...args);
    const { writeFile } = file;
    // Of the overloads of `write`, the one that the sources use.
    const write = file.write as (
      data: Uint8Array,
      offset: number,
      length: number,
      position: number,
    ) => Promise<unknown>;
    Object.assign(file, {
      sync: guard(file.sync.bind(file)),
      datasync: guard(file.datasync.bind(file)),
      truncate: guard(file.truncate.bind(file)),
      write: async (data: Uint8Array, offset: number, length: number, position: number) => {
        if (!fails()) return write.call(file, data, offset, length, position);
        if (fault === "short") await write.call(file, data, offset, length >> 1, position);
        throw error();
      },
      writeFile: async (data: Uint8Array) => {
        if (!fails()) return writeFile.call(file, data);
        if (fault === "short") await writeFile.call(file, data.slice(0, data.length >> 1));
        throw error();
      },
    });
    return file;
  };
  Object.assign(fs, {
    open,
    mkdir: guard(original.mkdir as (...args: unknown[]) => Promise<unknown>),
    rename: guard(original.rename),
    copyFile: guard(original.copyFile),
    link: guard(original.link),
  });
  syncBuiltinESMExports();
  try {
    const [outcome] = await Promise.allSettled([work()]);
    return { outcome, operations };
  } finally {
    Object.assign(fs, original);
    syncBuiltinESMExports();
  }
}
