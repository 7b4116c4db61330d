import type { FileWriter } from "./volume.ts";

/** A file that a worker reads and writes at once; declared here because TypeScript knows it in workers alone. */
interface SyncAccess {
  write(bytes: Uint8Array, options: { at: number }): number;
  truncate(size: number): void;
  getSize(): number;
  flush(): void;
  close(): void;
}

interface SyncHandle {
  createSyncAccessHandle?(): Promise<SyncAccess>;
}

/**
 * Opens a file for writing after its first `length` bytes. In a worker it is written in place. In a page each write copies the
 * whole file, as pages can only replace files; that is meant for files written once.
 */
export async function openWriter(
  handle: FileSystemFileHandle,
  length: number,
): Promise<FileWriter> {
  const synchronous = handle as unknown as SyncHandle;
  if (synchronous.createSyncAccessHandle) {
    const access = await synchronous.createSyncAccessHandle();
    const end = Math.min(length, access.getSize());
    access.truncate(end);
    return new SyncWriter(access, end);
  }
  const { size } = await handle.getFile();
  const end = Math.min(length, size);
  if (end < size || end === 0) await replace(handle, end);
  return new PageWriter(handle, end);
}

class SyncWriter implements FileWriter {
  constructor(
    private readonly access: SyncAccess,
    public size: number,
  ) {}

  async write(bytes: Uint8Array): Promise<void> {
    for (let done = 0; done < bytes.length;) {
      const written = this.access.write(bytes.subarray(done), { at: this.size });
      if (written === 0) throw new DOMException("nothing was written", "QuotaExceededError");
      done += written;
      this.size += written;
    }
  }

  async flush(): Promise<void> {
    this.access.flush();
  }

  async close(): Promise<void> {
    this.access.close();
  }
}

/** Collects what is written, and adds it to the file when it is flushed or closed. */
class PageWriter implements FileWriter {
  private pending: Uint8Array<ArrayBuffer>[] = [];

  constructor(
    private readonly handle: FileSystemFileHandle,
    public size: number,
  ) {}

  async write(bytes: Uint8Array): Promise<void> {
    // The caller may use its array again.
    this.pending.push(bytes.slice());
    this.size += bytes.length;
  }

  async flush(): Promise<void> {
    const pieces = this.pending;
    if (pieces.length === 0) return;
    this.pending = [];
    const start = this.size - pieces.reduce((sum, { length }) => sum + length, 0);
    await replace(this.handle, start, new Blob(pieces));
  }

  close(): Promise<void> {
    return this.flush();
  }
}

/** Replaces a file by its first bytes and more of them. */
async function replace(handle: FileSystemFileHandle, keep: number, more?: Blob): Promise<void> {
  const stream = await handle.createWritable({ keepExistingData: keep > 0 });
  try {
    await stream.truncate(keep);
    if (more) await stream.write({ type: "write", position: keep, data: more });
    await stream.close();
  } catch (error) {
    await stream.abort().catch(() => undefined);
    throw error;
  }
}
