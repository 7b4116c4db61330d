import { extract, type Headers } from "tar-stream";
import { UserError } from "../../../user-error.ts";
import type { ByteSource } from "../../byte-source.ts";
import type { TarMember } from "../../store.ts";

const blockBytes = 512;
/** Bytes that are read at once: a few headers and small texts, and little of an image behind them. */
const windowBytes = 4096;
/** Longest record before a header, such as a name in pax. */
const longestRecord = 2 ** 20;
/** Stands for contents, which are not read. */
const zeros = new Uint8Array(2 ** 20);

/** Flags of records about the next member, in the ways of pax and of GNU. */
const [paxFlags, gnuFlags] = ["xg", "LKN"];

/** Lists the members of a tar by its headers; contents are skipped unread. */
export async function* tarMembers(source: ByteSource): AsyncGenerator<TarMember> {
  const { name, size } = source;
  const read = inWindows(source);
  checkStart(name, await read(0, Math.min(blockBytes, size)));
  const library = new TarHeaders();
  /** Passes what is in the tar to the library, which finds the mistakes in headers. */
  const take = (bytes: Uint8Array, at: number): Promise<Headers | undefined> =>
    library.take(bytes).catch((error: unknown) => {
      throw damaged(name, at, "there is no header of a member", error);
    });
  try {
    for (let at = 0; at < size;) {
      const block = await read(at, Math.min(blockBytes, size - at));
      // Zeros end a tar, but another may follow.
      if (block.every((byte) => byte === 0)) {
        at += block.length;
        continue;
      }
      if (block.length < blockBytes) throw cutShort(source, "a header", at + blockBytes);
      const header = block.slice();
      const flag = String.fromCharCode(header[156]!);
      const found = await take(header, at);
      at += blockBytes;
      if ((paxFlags + gnuFlags).includes(flag)) {
        const bytes = recordBytes(header);
        if (bytes === undefined) throw damaged(name, at - blockBytes, "a name has no length");
        const whole = inBlocks(bytes);
        if (at + whole > size) throw cutShort(source, "a name", at + whole);
        const record = (await read(at, whole)).slice();
        if (paxFlags.includes(flag) && !isPax(record.subarray(0, bytes))) {
          throw damaged(name, at, "there is no name as pax has them");
        }
        await take(record, at);
        at += whole;
        continue;
      }
      if (!found) throw damaged(name, at - blockBytes, "there is no header of a member");
      const bytes = found.type === "directory" ? 0 : (found.size ?? 0);
      if (!Number.isSafeInteger(bytes) || bytes < 0) {
        throw damaged(name, at - blockBytes, `a member has a length of ${bytes} bytes`);
      }
      if (at + bytes > size) throw cutShort(source, found.name, at + bytes);
      // Sparse files of the old kind may have their map in further blocks.
      const kind = flag === "S" ? "sparse" : kindOf(found);
      if (flag === "S" && header[482] !== 0) throw sparse(name, found.name);
      await library.skip(inBlocks(bytes));
      yield { name: found.name, kind, offset: at, size: bytes, header };
      at += inBlocks(bytes);
    }
  } finally {
    library.close();
  }
}

/** The reader of tar-stream, which gets headers and records as they are and zeros for contents. */
class TarHeaders {
  private readonly extract = extract({ highWaterMark: 1, allowUnknownFormat: true });
  private found: Headers | undefined;
  private settle: { resolve: () => void; reject: (error: unknown) => void } | undefined;

  constructor() {
    this.extract.on("entry", (header, content, next) => {
      this.found = header;
      content.resume();
      next();
    });
    this.extract.on("drain", () => this.settle?.resolve());
    this.extract.on("error", (error) => this.settle?.reject(error));
  }

  /** Takes blocks; returns the member whose header they end. */
  async take(blocks: Uint8Array): Promise<Headers | undefined> {
    this.found = undefined;
    await this.write(blocks);
    return this.found;
  }

  /** Takes zeros for the content of a member. */
  async skip(bytes: number): Promise<void> {
    for (let left = bytes; left > 0; left -= zeros.length) {
      await this.write(zeros.subarray(0, Math.min(left, zeros.length)));
    }
  }

  close(): void {
    this.extract.destroy();
  }

  /** Resolves when the bytes have been taken: with this mark every write is followed by a "drain". */
  private write(bytes: Uint8Array): Promise<void> {
    return new Promise((resolve, reject) => {
      this.settle = { resolve, reject };
      this.extract.write(bytes);
    });
  }
}

function kindOf({ type, ...header }: Headers): TarMember["kind"] {
  const { pax } = header as { readonly pax?: Readonly<Record<string, string>> | null };
  if (pax && Object.keys(pax).some((key) => key.startsWith("GNU.sparse."))) return "sparse";
  if (type === "file" || type === "contiguous-file") return "file";
  if (type === "directory") return "folder";
  return type === "link" || type === "symlink" ? "link" : "other";
}

/** Bytes of a record by its header; undefined if they are none, or more than any name has. */
function recordBytes(header: Uint8Array): number | undefined {
  const text = new TextDecoder().decode(header.subarray(124, 136)).replace(/[\0 ]+$/, "");
  const bytes = /^ *[0-7]+$/.test(text) ? parseInt(text, 8) : 0;
  return bytes > 0 && bytes <= longestRecord ? bytes : undefined;
}

/** Whether records of pax have lengths that lead on to their end: the library does not return from negative ones. */
function isPax(record: Uint8Array): boolean {
  for (let at = 0; at < record.length;) {
    const space = record.indexOf(32, at);
    const digits = new TextDecoder().decode(record.subarray(at, Math.max(at, space)));
    if (!/^[1-9]\d{0,7}$/.test(digits)) return false;
    at += Number(digits);
  }
  return true;
}

/** Reads a source front to back, a little more than what is asked for at a time. */
function inWindows(source: ByteSource): (at: number, length: number) => Promise<Uint8Array> {
  let start = 0;
  let bytes = new Uint8Array(0);
  return async (at, length) => {
    if (at < start || at + length > start + bytes.length) {
      start = at;
      bytes = new Uint8Array(
        await source.read(at, Math.min(Math.max(length, windowBytes), source.size - at)),
      );
    }
    return bytes.subarray(at - start, at - start + length);
  };
}

function inBlocks(bytes: number): number {
  return Math.ceil(bytes / blockBytes) * blockBytes;
}

/** First bytes of compressed files, and the programs that unpack them. */
const compressions: readonly (readonly [bytes: readonly number[], unpack: string])[] = [
  [[0x1f, 0x8b], "gunzip"],
  [[0x28, 0xb5, 0x2f, 0xfd], "unzstd"],
  [[0xfd, 0x37, 0x7a, 0x58, 0x5a], "unxz"],
  [[0x42, 0x5a, 0x68], "bunzip2"],
];

function checkStart(name: string, start: Uint8Array): void {
  if (start.length === 0) throw new UserError(`${name}: the file is empty, and no tar`);
  const found = compressions.find(([bytes]) => bytes.every((byte, i) => start[i] === byte));
  if (!found) return;
  throw new UserError(
    `${name}: is a compressed tar, whose images cannot be read one by one; unpack it to a .tar with ${found[1]}`,
    { code: "compressed-tar" },
  );
}

function sparse(name: string, member: string): UserError {
  return new UserError(
    `${name}: "${member}" is stored as a sparse file, which is not read; make the tar without sparse files`,
  );
}

function cutShort({ name, size }: ByteSource, what: string, end: number): UserError {
  return new UserError(
    `${name}: is cut short: ${what} ends at byte ${end}, the file at byte ${size}; download or make it again`,
    { code: "damaged-tar" },
  );
}

function damaged(name: string, at: number, what: string, cause?: unknown): UserError {
  const problem =
    at === 0
      ? "is no tar, or its first header is damaged"
      : `is a damaged tar: at byte ${at} ${what}`;
  return new UserError(`${name}: ${problem}; download or make it again`, {
    cause,
    code: "damaged-tar",
  });
}
