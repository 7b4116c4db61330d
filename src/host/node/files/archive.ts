import { openPromise, type Entry, type ZipFile } from "yauzl";
import { UserError } from "../../../user-error.ts";
import type { ArchiveReader } from "../../store.ts";
import { describeFileError } from "./file-error.ts";

/** Largest number of files in an archive; each entry takes some memory. */
const maxFiles = 1_000_000;

/** Opens a zip archive and lists its files without unpacking any. */
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
      if (entries.size >= maxFiles) throw new Error(`it has more than ${maxFiles} files`);
      // eslint-disable-next-line no-control-regex -- no file system has such names
      if (/[\u0000-\u001f]/.test(entry.fileName)) throw new Error("it has damaged file names");
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
      if (!entry) throw new UserError(`${path}: has no file ${name}`);
      return inflate(zip, entry, limit).catch((error: unknown) => {
        throw broken(`${path}: ${name}`, error);
      });
    },
    close: async () => zip.close(),
  };
}

async function inflate(zip: ZipFile, entry: Entry, limit: number): Promise<Uint8Array> {
  // The archive's directory states both sizes; the stream fails if the content does not match them.
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
