import { openPromise, type Entry, type ZipFile } from "yauzl";
import { UserError } from "../../../user-error.ts";
import type { ArchiveReader } from "../../store.ts";
import { describeFileError } from "./file-error.ts";

/** Archives with more files than this are refused; each takes some memory to know of. */
const mostFiles = 1_000_000;

/** The files of a zip, none of which has been read yet. */
export async function openZip(path: string): Promise<ArchiveReader> {
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
