import { mkdtempSync, readFileSync, readdirSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { unzipSync } from "fflate";
import { afterEach, beforeEach, expect, test } from "vitest";
import { GrowingFile } from "../../../../src/host/node/files/growing-file.ts";
import { openZip } from "../../../../src/host/node/files/archive.ts";
import { ZipWriter } from "../../../../src/files/formats/cvat/zip-writer.ts";
import { UserError } from "../../../../src/user-error.ts";

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "zip-"));
});
afterEach(() => {
  rmSync(root, { recursive: true, force: true });
});

type Entries = Iterable<readonly [name: string, data: Uint8Array]>;

async function writeZip(path: string, entries: Entries): Promise<Buffer> {
  const file = await GrowingFile.create(path);
  const zip = new ZipWriter(file);
  for (const [name, data] of entries) await zip.add(name, data);
  await zip.finish();
  await file.finish();
  return readFileSync(path);
}

test("an archive gives back names and bytes, and equal contents make equal archives", async () => {
  const entries = [
    ["labels/猫 é.png", Uint8Array.from({ length: 3000 }, (_, i) => i * i)],
    ["empty.txt", new Uint8Array()],
  ] as const;
  const bytes = await writeZip(join(root, "a.zip"), entries);
  expect(Object.entries(unzipSync(bytes))).toEqual(entries.map((entry) => [...entry]));
  expect(bytes.equals(await writeZip(join(root, "b.zip"), entries))).toBe(true);
  const [date, time] = [bytes.readUInt16LE(12), bytes.readUInt16LE(10)];
  expect([1980 + (date >> 9), (date >> 5) & 15, date & 31, time]).toEqual([1980, 1, 1, 0]);
  const archive = await openZip(join(root, "a.zip"));
  expect(archive.names).toEqual(entries.map(([name]) => name));
  expect(await archive.read(entries[0][0], 3000)).toEqual(Buffer.from(entries[0][1]));
  await archive.close();
});

test.each([65_535, 66_000])("all %i entries of an archive are read", async (count) => {
  const path = join(root, "many.zip");
  const bytes = await writeZip(path, Array.from({ length: count }, (_, i) => [`${i}.png`, Uint8Array.of(i & 255)] as const)); // prettier-ignore
  const archive = await openZip(path);
  expect(archive.names).toHaveLength(count);
  expect([...(await archive.read(`${count - 1}.png`, 10))]).toEqual([(count - 1) & 255]);
  await archive.close();
  expect(zip64End(bytes)).toEqual(expectedEnd(count, bytes));
});

test("an archive that 16 bits can count has no 64-bit record", async () => {
  const bytes = await writeZip(join(root, "a.zip"), [["a", Uint8Array.of(1)]]);
  expect(bytes.includes("PK\x06\x07")).toBe(false);
});

/** The fields of the 64-bit end record and of its locator, which precede the 22 bytes of the end record. */
function zip64End(bytes: Buffer): Record<string, unknown> {
  const [locator, record] = [bytes.length - 42, bytes.length - 98];
  return {
    signatures: [bytes.toString("latin1", record, record + 4), bytes.toString("latin1", locator, locator + 4)], // prettier-ignore
    recordSize: bytes.readBigUInt64LE(record + 4),
    versions: [bytes.readUInt16LE(record + 12), bytes.readUInt16LE(record + 14)],
    disks: [bytes.readUInt32LE(record + 16), bytes.readUInt32LE(record + 20)],
    counts: [bytes.readBigUInt64LE(record + 24), bytes.readBigUInt64LE(record + 32)],
    directory: [bytes.readBigUInt64LE(record + 40), bytes.readBigUInt64LE(record + 48)],
    locatorDisks: [bytes.readUInt32LE(locator + 4), bytes.readUInt32LE(locator + 16)],
    recordStart: bytes.readBigUInt64LE(locator + 8),
  };
}

function expectedEnd(count: number, bytes: Buffer): Record<string, unknown> {
  const [size, start] = [bytes.readUInt32LE(bytes.length - 10), bytes.readUInt32LE(bytes.length - 6)]; // prettier-ignore
  expect(start + size).toBe(bytes.length - 98);
  return {
    signatures: ["PK\x06\x06", "PK\x06\x07"],
    recordSize: 44n,
    versions: [45, 45],
    disks: [0, 0],
    counts: [BigInt(count), BigInt(count)],
    directory: [BigInt(size), BigInt(start)],
    locatorDisks: [0, 1],
    recordStart: BigInt(start + size),
  };
}

test("an archive grows on disk while it is written, and has its name only in the end", async () => {
  const file = await GrowingFile.create(join(root, "a.zip"));
  const zip = new ZipWriter(file);
  for (let i = 0; i < 5; i++) await zip.add(`${i}`, new Uint8Array(1 << 20));
  const [temporary, ...others] = readdirSync(root);
  expect(others).toEqual([]);
  expect(temporary).not.toBe("a.zip");
  expect(statSync(join(root, temporary!)).size).toBeGreaterThanOrEqual(3 << 20);
  await zip.discard();
  await file.discard();
  expect(readdirSync(root)).toEqual([]);
});

test("an entry that waits for a file that fails is refused with the file's error", async () => {
  const file = await GrowingFile.create(join(root, "a.zip"));
  const zip = new ZipWriter(file);
  await file.discard();
  const fill = async (): Promise<void> => {
    for (let i = 0; i < 5; i++) await zip.add(`${i}`, new Uint8Array(1 << 20));
  };
  await expect(fill()).rejects.toThrow(/a\.zip: cannot be written/);
  await expect(zip.finish()).rejects.toThrow(UserError);
});
