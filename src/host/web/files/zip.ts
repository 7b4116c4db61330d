import { UserError } from "../../../user-error.ts";
import { partOf, type Archive, type ByteSource } from "../../byte-source.ts";
import type { ArchiveReader } from "../../store.ts";
import { webZlib } from "../images/zlib.ts";
import { readDirectory, type ZipEntry } from "./zip-directory.ts";

/** Opens a zip archive, whose files are unpacked when they are read. */
export async function openZip(source: ByteSource): Promise<ArchiveReader> {
  const entries = new Map<string, ZipEntry>();
  for (const entry of await readDirectory(source)) {
    if (!entry.name.endsWith("/")) entries.set(entry.name.normalize("NFC"), entry);
  }
  return {
    names: [...entries.keys()],
    async read(name, limit) {
      const entry = entries.get(name);
      if (!entry) throw new UserError(`${source.name}: has no file ${name}`);
      try {
        return await unpack(source, entry, limit);
      } catch (error) {
        if (error instanceof UserError) throw error;
        const reason = error instanceof Error ? error.message : String(error);
        throw new UserError(`${source.name}: ${name}: not a readable zip: ${reason}`, {
          cause: error,
        });
      }
    },
    close: () => Promise.resolve(),
  };
}

async function unpack(source: ByteSource, entry: ZipEntry, limit: number): Promise<Uint8Array> {
  const { method, isEncrypted, size, crc } = entry;
  if (isEncrypted) throw new Error("it is encrypted");
  if (size > limit) throw new Error(`it unpacks to ${size} bytes; at most ${limit} are read`);
  const packed = await contentOf(source, entry);
  const bytes = await packed.read(0, packed.size);
  if (method !== 0 && method !== 8) throw new Error(`it is packed by method ${method}`);
  const content = method === 0 ? bytes : await inflated(bytes, size);
  if (content.length !== size) throw new Error(`${content.length} bytes, expected ${size}`);
  if (webZlib.crc32(content) !== crc) throw new Error("its checksum is wrong");
  return content;
}

/** Unpacks raw deflate; an Error for more bytes than expected. */
async function inflated(packed: Uint8Array, size: number): Promise<Uint8Array> {
  const out = new Uint8Array(size);
  let at = 0;
  const stream = new Blob([packed as Uint8Array<ArrayBuffer>])
    .stream()
    .pipeThrough(new DecompressionStream("deflate-raw"));
  const reader = stream.getReader();
  for (let next = await reader.read(); !next.done; next = await reader.read()) {
    if (at + next.value.length > size) {
      await reader.cancel();
      throw new Error(`it unpacks to more than ${size} bytes`);
    }
    out.set(next.value, at);
    at += next.value.length;
  }
  return out.subarray(0, at);
}

/** Opens a zip archive that stores its entries uncompressed, as PyTorch does; nothing is ever unpacked. */
export async function openStoredZip(source: ByteSource): Promise<Archive> {
  const entries = await readDirectory(source);
  checkOverlaps(entries, source);
  const archive = new Map<string, ByteSource>();
  for (const entry of entries) {
    const { name, size } = entry;
    if (archive.has(name)) throw damagedZip(source, `${JSON.stringify(name)} is in it twice`);
    let content: Promise<ByteSource> | undefined;
    const open = async (): Promise<ByteSource> => {
      if (entry.method !== 0 || entry.isEncrypted) {
        throw new UserError(
          `${source.name}: its entry ${JSON.stringify(name.slice(0, 80))} is compressed or encrypted, but PyTorch stores entries ` +
            "uncompressed; save the weights again with torch.save",
        );
      }
      return contentOf(source, entry);
    };
    archive.set(name, {
      name: source.name,
      size,
      read: async (offset, length) => (await (content ??= open())).read(offset, length),
    });
  }
  return archive;
}

/** Checks that the sizes in the directory fit into the archive without overlaps. */
function checkOverlaps(entries: readonly ZipEntry[], source: ByteSource): void {
  let end = 0;
  for (const { name, offset, packedSize, nameBytes } of [...entries].sort(
    (a, b) => a.offset - b.offset,
  )) {
    const quoted = JSON.stringify(name.slice(0, 80));
    if (offset < end) throw damagedZip(source, `${quoted} overlaps the file before it`);
    end = offset + localHeaderBytes + nameBytes + packedSize;
    if (end > source.size) {
      throw damagedZip(source, `${quoted} ends at byte ${end}, the archive at ${source.size}`);
    }
  }
}

const localHeaderBytes = 30;

/** The packed bytes of an entry, which stand behind a header of their own. */
async function contentOf(
  source: ByteSource,
  { offset, packedSize, name }: ZipEntry,
): Promise<ByteSource> {
  const quoted = JSON.stringify(name.slice(0, 80));
  if (offset + localHeaderBytes > source.size) {
    throw damagedZip(source, `${quoted} lies beyond its end`);
  }
  const header = await source.read(offset, localHeaderBytes);
  const view = new DataView(header.buffer, header.byteOffset, header.byteLength);
  if (view.getUint32(0, true) !== 0x04034b50) throw damagedZip(source, `${quoted} has no header`);
  const start = offset + localHeaderBytes + view.getUint16(26, true) + view.getUint16(28, true);
  if (start + packedSize > source.size) throw damagedZip(source, `${quoted} lies beyond its end`);
  return partOf(source, start, packedSize);
}

function damagedZip(source: ByteSource, problem: string): UserError {
  return new UserError(
    `${source.name}: is a damaged zip archive: ${problem}; download or write the file again`,
  );
}
