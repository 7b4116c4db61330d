import { Buffer } from "node:buffer";
import { fromRandomAccessReaderPromise, RandomAccessReader, type Entry, type ZipFile } from "yauzl";
import { UserError } from "../../../user-error.ts";
import { partOf, type Archive, type ByteSource } from "../../byte-source.ts";

/** Largest number of entries; a network of a thousand blocks has fewer. */
const maxEntries = 100_000;
/** Largest number of bytes that the names of all entries take. */
const maxNameBytes = 16 * 2 ** 20;
const localHeaderBytes = 30;

/**
 * Opens the entries of a zip archive, each as a source that reads from the archive itself. Only uncompressed entries can be
 * read, as PyTorch writes them: nothing is ever unpacked.
 */
export async function openZip(source: ByteSource): Promise<Archive> {
  let zip: ZipFile;
  const entries: Entry[] = [];
  try {
    zip = await fromRandomAccessReaderPromise(new SourceReader(source), source.size, {
      autoClose: false,
    });
    let nameBytes = 0;
    for await (const entry of zip.eachEntry()) {
      nameBytes += entry.fileName.length;
      entries.push(entry);
      if (entries.length > maxEntries || nameBytes > maxNameBytes) {
        throw new UserError(
          `${source.name}: has more than ${maxEntries} files or ${maxNameBytes} bytes of names, too many for a weights file`,
        );
      }
    }
  } catch (error) {
    if (error instanceof UserError) throw error;
    throw damaged(source, error instanceof Error ? error.message : String(error), error);
  }
  checkOverlaps(entries, source);
  const archive = new Map<string, ByteSource>();
  for (const entry of entries) {
    const { fileName } = entry;
    if (archive.has(fileName)) throw damaged(source, `${JSON.stringify(fileName)} is in it twice`);
    archive.set(fileName, entrySource(zip, entry, source));
  }
  return archive;
}

/** Checks that the sizes in the directory fit into the archive without overlaps. */
function checkOverlaps(entries: readonly Entry[], source: ByteSource): void {
  const sorted = [...entries].sort(
    (a, b) => a.relativeOffsetOfLocalHeader - b.relativeOffsetOfLocalHeader,
  );
  let end = 0;
  for (const { fileName, relativeOffsetOfLocalHeader: start, ...entry } of sorted) {
    const name = JSON.stringify(fileName.slice(0, 80));
    if (start < end) throw damaged(source, `${name} overlaps the file before it`);
    end = start + localHeaderBytes + entry.fileNameLength + entry.compressedSize;
    if (end > source.size) {
      throw damaged(source, `${name} ends at byte ${end}, the archive at ${source.size}`);
    }
  }
}

function entrySource(zip: ZipFile, entry: Entry, source: ByteSource): ByteSource {
  let content: Promise<ByteSource> | undefined;
  const open = async (): Promise<ByteSource> => {
    const name = JSON.stringify(entry.fileName.slice(0, 80));
    if (entry.compressionMethod !== 0 || entry.isEncrypted()) {
      throw new UserError(
        `${source.name}: its entry ${name} is compressed or encrypted, but PyTorch stores entries uncompressed; ` +
          "save the weights again with torch.save",
      );
    }
    const start = await zip.readLocalFileHeaderPromise(entry, { minimal: true }).then(
      (header) => header.fileDataStart,
      (error: unknown) => {
        throw error instanceof UserError ? error : damaged(source, (error as Error).message, error);
      },
    );
    if (start + entry.uncompressedSize > source.size) {
      throw damaged(source, `${name} lies beyond its end`);
    }
    return partOf(source, start, entry.uncompressedSize);
  };
  return {
    name: source.name,
    size: entry.uncompressedSize,
    read: async (offset, length) => (await (content ??= open())).read(offset, length),
  };
}

/** Adapts a source for yauzl. */
class SourceReader extends RandomAccessReader {
  constructor(private readonly source: ByteSource) {
    super();
  }

  override read(
    buffer: Buffer,
    offset: number,
    length: number,
    position: number,
    callback: (error: Error | null, bytesRead?: number) => void,
  ): void {
    const available = Math.max(0, Math.min(length, this.source.size - position));
    this.source.read(position, available).then(
      (bytes) => {
        buffer.set(bytes, offset);
        callback(null, bytes.length);
      },
      (error: unknown) => callback(error as Error),
    );
  }
}

function damaged(source: ByteSource, problem: string, cause?: unknown): UserError {
  return new UserError(
    `${source.name}: is a damaged zip archive: ${problem}; download or write the file again`,
    { cause },
  );
}
