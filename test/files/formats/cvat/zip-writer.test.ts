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
  await writeZip(path, Array.from({ length: count }, (_, i) => [`${i}.png`, Uint8Array.of(i & 255)] as const)); // prettier-ignore
  const archive = await openZip(path);
  expect(archive.names).toHaveLength(count);
  expect([...(await archive.read(`${count - 1}.png`, 10))]).toEqual([(count - 1) & 255]);
  await archive.close();
});

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
