import fs, { type FileHandle } from "node:fs/promises";
import { syncBuiltinESMExports } from "node:module";
import { resolve, sep } from "node:path";

/** Ways in which a disk fails; a short write puts down half of the data and returns the count. */
export const faults = ["ENOSPC", "EIO", "EROFS", "short"] as const;
export type Fault = (typeof faults)[number];

export const operationKinds = [
  ...["open", "write", "sync", "truncate", "close"],
  ...["mkdir", "rename", "link", "symlink", "copyFile", "rm", "rmdir"],
] as const;
export type OperationKind = (typeof operationKinds)[number];

/** An operation that changes something on the disk. */
export interface FileOperation {
  readonly kind: OperationKind;
  /** Its file; of two, the one that is made. */
  readonly path: string;
}

export interface FaultPlan {
  readonly fault: Fault;
  /** Number of the operation that fails, from 0; none if it is infinite. */
  readonly at: number;
  /** The disk fails from then on. */
  readonly lasting?: boolean;
  /** Only operations below this folder are counted and fail. */
  readonly within?: string;
  /** Only operations of this kind are counted and fail. */
  readonly only?: OperationKind;
  /** Called before each operation. */
  readonly onOperation?: (operation: FileOperation, index: number) => void;
}

export interface FaultyRun<T> {
  readonly outcome: PromiseSettledResult<T>;
  /** Number of operations. */
  readonly operations: number;
  /** The operations that failed, or of which half was done. */
  readonly failed: readonly FileOperation[];
  /** Files that were opened for writing and never closed. */
  readonly leftOpen: readonly string[];
}

const messages = {
  ENOSPC: "no space left on device",
  EIO: "i/o error",
  EROFS: "read-only file system",
};

/** Whether an operation of a kind can meet a fault: a full disk lets files be removed, and only writes are cut short. */
export function canMeet(kind: OperationKind, fault: Fault): boolean {
  if (fault === "short") return kind === "write";
  if (fault === "EROFS") return kind !== "close";
  return fault === "EIO" || !["rm", "rmdir", "truncate"].includes(kind);
}

const original = { ...fs };
/** Most bytes that Node hands to the system at once. */
const largestWrite = 1 << 19;

/**
 * Runs work while the file operations of Node that change something are counted, and one of them fails, or all from one on.
 * `writeFile` is what it is in Node: as many writes as it takes, each with a count that may be smaller than asked.
 */
export async function withFaultyFiles<T>(
  { fault, at, lasting = false, within = "/", only, onOperation }: FaultPlan,
  work: () => Promise<T>,
): Promise<FaultyRun<T>> {
  let operations = 0;
  const failed: FileOperation[] = [];
  const open = new Map<FileHandle, string>();
  const folder = `${resolve(within)}${sep}`.replace(`${sep}${sep}`, sep);
  /** Counts an operation; true if it fails. */
  const fails = (kind: OperationKind, path: string): boolean => {
    if (only !== undefined && kind !== only) return false;
    if (!`${resolve(path)}${sep}`.startsWith(folder)) return false;
    const index = operations++;
    onOperation?.({ kind, path }, index);
    if (!(lasting ? index >= at : index === at) || !canMeet(kind, fault)) return false;
    failed.push({ kind, path });
    return true;
  };
  const error = (kind: OperationKind, path: string): Error => {
    const code = fault === "short" ? "ENOSPC" : fault;
    const message = `${code}: ${messages[code]}, ${kind} '${path}'`;
    return Object.assign(new Error(message), { code, syscall: kind, path });
  };
  const guard = (
    kind: OperationKind,
    pathOf: (...args: unknown[]) => unknown,
    call: (...args: never[]) => Promise<unknown>,
  ) => {
    return async (...args: unknown[]): Promise<unknown> => {
      const path = String(pathOf(...args));
      if (fails(kind, path)) throw error(kind, path);
      return call(...(args as never[]));
    };
  };
  const openFile = async (
    path: string,
    flags?: string | number,
    mode?: number,
  ): Promise<FileHandle> => {
    const writes = flags !== undefined && flags !== "r" && flags !== 0;
    if (writes && fails("open", path)) throw error("open", path);
    const file = await original.open(path, flags, mode);
    if (!writes) return file;
    open.set(file, path);
    // Of the overloads, the one that the sources use.
    const put = file.write.bind(file) as (
      data: Uint8Array,
      offset: number,
      length: number,
      position: number | null,
    ) => Promise<{ bytesWritten: number }>;
    const close = file.close.bind(file);
    const write = async (
      data: Uint8Array,
      offset: number,
      length: number,
      position: number | null,
    ): Promise<{ bytesWritten: number }> => {
      if (!fails("write", path)) return put(data, offset, length, position);
      if (fault !== "short" || length < 2) throw error("write", path);
      return put(data, offset, length >> 1, position);
    };
    const writeAll = async (data: Uint8Array | string): Promise<void> => {
      const bytes = typeof data === "string" ? Buffer.from(data) : data;
      for (let done = 0; done < bytes.length;) {
        const length = Math.min(largestWrite, bytes.length - done);
        done += (await write(bytes, done, length, null)).bytesWritten;
      }
    };
    const here = (): string => path;
    Object.assign(file, {
      write,
      writeFile: writeAll,
      appendFile: writeAll,
      sync: guard("sync", here, file.sync.bind(file)),
      datasync: guard("sync", here, file.datasync.bind(file)),
      truncate: guard("truncate", here, file.truncate.bind(file)),
      close: async () => {
        // What a network disk has put off is refused now; the file is closed nevertheless.
        const failed = open.delete(file) && fails("close", path);
        await close();
        if (failed) throw error("close", path);
      },
    });
    return file;
  };
  const first = (path: unknown): unknown => path;
  const second = (_: unknown, path: unknown): unknown => path;
  Object.assign(fs, {
    open: openFile,
    writeFile: async (path: string, data: string, options?: { readonly flag?: string }) => {
      const file = await openFile(path, options?.flag ?? "w");
      try {
        await file.writeFile(data);
      } finally {
        await file.close();
      }
    },
    mkdir: guard("mkdir", first, original.mkdir),
    rename: guard("rename", second, original.rename),
    copyFile: guard("copyFile", second, original.copyFile),
    link: guard("link", second, original.link),
    symlink: guard("symlink", second, original.symlink),
    rm: guard("rm", first, original.rm),
    rmdir: guard("rmdir", first, original.rmdir),
  });
  syncBuiltinESMExports();
  try {
    const [outcome] = await Promise.allSettled([work()]);
    return { outcome, operations, failed, leftOpen: [...open.values()] };
  } finally {
    Object.assign(fs, original);
    syncBuiltinESMExports();
  }
}
