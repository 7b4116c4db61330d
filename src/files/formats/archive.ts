import { join, posix } from "node:path";
import { openPromise, type Entry, type ZipFile } from "yauzl";
import { UserError } from "../../user-error.ts";
import { describeFileError } from "../../host/node/files/atomic-file.ts";
import { listFolder } from "../../host/node/files/folder.ts";
import { readBinary } from "./text-files.ts";

/** Archives with more files than this are refused; each takes some memory to know of. */
const mostFiles = 1_000_000;

/** Folders deeper than this are not looked into (links may lead in circles). */
const maxDepth = 8;

/** Files by their paths with `/`, out of a zip or a folder. Nothing is ever unpacked to disk. */
export interface Archive {
  readonly names: readonly string[];
  /** The bytes of a file; a UserError if there are more than `limit`. */
  read(name: string, limit: number): Promise<Uint8Array>;
  close(): Promise<void>;
}

/** The files of a zip, none of which has been read yet. */
export async function openZip(path: string): Promise<Archive> {
  let zip: ZipFile;
  const entries = new Map<string, Entry>();
  try {
    zip = await openPromise(path, { autoClose: false, validateEntrySizes: true });
  } catch (error) {
    throw broken(path, error);
  }
  try {
    for await (const entry of zip.eachEntry()) {
      if (entry.fileName.endsWith("/")) continue;
      if (entries.size >= mostFiles) throw new Error(`it has more than ${mostFiles} files`);
      entries.set(entry.fileName.normalize("NFC"), entry);
    }
  } catch (error) {
    zip.close();
    throw broken(path, error);
  }
  return {
    names: [...entries.keys()],
    async read(name, limit) {
      const entry = entries.get(name);
      if (!entry) throw new UserError(`${path}: has no ${name}`);
      return inflate(zip, entry, limit).catch((error: unknown) => {
        throw broken(`${path}: ${name}`, error);
      });
    },
    close: async () => zip.close(),
  };
}

/** The files of a folder, as those of the zip that it was. */
export async function openFolder(path: string): Promise<Archive> {
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

async function inflate(zip: ZipFile, entry: Entry, limit: number): Promise<Uint8Array> {
  // Both sizes are what the archive claims; the stream ends with an error where they are not kept.
  if (entry.uncompressedSize > limit) {
    throw new Error(`it unpacks to ${entry.uncompressedSize} bytes; at most ${limit} are read`);
  }
  const pieces: Buffer[] = [];
  let size = 0;
  const stream = await zip.openReadStreamPromise(entry);
  for await (const piece of stream as AsyncIterable<Buffer>) {
    size += piece.length;
    if (size > limit) throw new Error(`it unpacks to more than ${limit} bytes`);
    pieces.push(piece);
  }
  return Buffer.concat(pieces);
}

function broken(where: string, error: unknown): UserError {
  if (error instanceof UserError) return error;
  return new UserError(`${where}: not a readable zip: ${describeFileError(error)}`, {
    cause: error,
  });
}
