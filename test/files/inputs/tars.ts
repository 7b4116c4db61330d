import { writeFileSync } from "node:fs";
import { pack, type Headers } from "tar-stream";

/** A member of a tar: its name and content, or its header. */
export type Member = readonly [
  name: string | (Headers & { pax?: Readonly<Record<string, string>> }),
  content?: string | Uint8Array,
];

/** The bytes of a tar as tar-stream makes it: names that are long or not ASCII by pax. */
export async function tarOf(...members: readonly Member[]): Promise<Buffer> {
  const tar = pack();
  for (const [name, content = ""] of members) {
    const header = typeof name === "string" ? { name } : name;
    const bytes = Buffer.from(content);
    if (header.type === undefined || header.type === "file") tar.entry(header, bytes);
    else tar.entry(header);
  }
  tar.finalize();
  const pieces: Buffer[] = [];
  for await (const piece of tar) pieces.push(piece);
  return Buffer.concat(pieces);
}

export async function writeTar(path: string, ...members: readonly Member[]): Promise<void> {
  writeFileSync(path, await tarOf(...members));
}

/** A header and content in the way of GNU tar for a name of any length, without the end of a tar. */
export async function gnuLongName(name: string, content: string): Promise<Buffer> {
  const long = await tarOf(["././@LongLink", `${name}\0`], [name.slice(0, 90), content]);
  const bytes = long.subarray(0, -1024);
  return changeHeader(bytes, 0, (header) => header.write("L", 156));
}

/** A tar with the header at a place changed, and its checksum right. */
export function changeHeader(
  tar: Uint8Array,
  at: number,
  change: (header: Buffer) => void,
): Buffer {
  const bytes = Buffer.from(tar);
  const header = bytes.subarray(at, at + 512);
  change(header);
  header.fill(" ", 148, 156);
  const sum = header.reduce((total, byte) => total + byte, 0);
  header.write(`${sum.toString(8).padStart(6, "0")}\0 `, 148);
  return bytes;
}
