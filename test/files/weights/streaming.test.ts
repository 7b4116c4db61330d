import { mkdtempSync, openSync, closeSync, rmSync, writeSync, ftruncateSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { FileSource } from "../../../src/host/node/files/file-source.ts";
import { openZip } from "../../../src/host/node/files/stored-archive.ts";
import { elements } from "../../../src/files/weights/elements.ts";
import { openWeights } from "../../../src/files/weights/open.ts";
// Loaded on demand, which is no part of the time that opening takes.
import "../../../src/files/weights/torch.ts";
import { encodeHeader } from "../../../src/files/weights/safetensors-header.ts";
import type { ByteSource } from "../../../src/host/byte-source.ts";
import { readTensor } from "../../../src/files/weights/weights-file.ts";
import { floats, py, tensor, torchLegacy, torchZip } from "./torch-writer.ts";

const megabyte = 2 ** 20;
const large = 150 * megabyte; // two of them in each file
let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "tag2mask-large-"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Writes a file of holes with something here and there. */
function sparse(name: string, size: number, pieces: readonly (readonly [number, Uint8Array])[]) {
  const path = join(folder, name);
  const file = openSync(path, "w");
  for (const [offset, bytes] of pieces) writeSync(file, bytes, 0, bytes.length, offset);
  ftruncateSync(file, size);
  closeSync(file);
  return path;
}

const plan = (key: string, length: number) => tensor({ key, length, shape: [length] });
const root = py.dictionary({
  first: plan("0", large / 4),
  wanted: plan("1", 3),
  last: plan("2", large / 4),
});

/** A zip of stored entries with holes for data, made from one with short entries. */
function largeZip(): string {
  const whole = Buffer.from(torchZip(root, { 0: floats(1), 1: floats(7, 8, 9), 2: floats(2) }));
  const directory = whole.indexOf("PK\x01\x02", 0, "latin1");
  const end = whole.indexOf("PK\x05\x06", 0, "latin1");
  const pieces: [number, Uint8Array][] = [];
  const sizes = new Map<string, number>();
  let from = 0;
  let shift = 0;
  for (let at = directory; at < end;) {
    const [nameLength, extra, size] = [whole.readUInt16LE(at + 28), whole.readUInt16LE(at + 30), whole.readUInt32LE(at + 24)]; // prettier-ignore
    const name = whole.toString("latin1", at + 46, at + 46 + nameLength);
    const start = whole.readUInt32LE(at + 42);
    const local = start + 30 + whole.readUInt16LE(start + 26) + whole.readUInt16LE(start + 28);
    whole.writeUInt32LE(start + shift, at + 42);
    if (/data\/[02]$/.test(name)) {
      for (const place of [at + 20, at + 24, start + 18, start + 22]) whole.writeUInt32LE(large, place); // prettier-ignore
      pieces.push([from + shift, whole.subarray(from, local + size)]);
      from = local + size;
      shift += large - size;
      sizes.set(name, large);
    }
    at += 46 + nameLength + extra;
  }
  whole.writeUInt32LE(directory + shift, end + 16);
  pieces.push([from + shift, whole.subarray(from)]);
  expect(sizes.size).toBe(2);
  return sparse("large.pth", whole.length + shift, pieces);
}

function largeLegacy(): string {
  const none = { length: large / 4, bytes: new Uint8Array(0) };
  const whole = torchLegacy(root, { 0: none, 1: { length: 3, bytes: floats(7, 8, 9) }, 2: none });
  // Behind the pickles: a length and its hole, a length and three numbers, a length and its hole.
  const tail = 8 + 8 + 12 + 8;
  const head = whole.subarray(0, whole.length - tail + 8);
  const rest = whole.subarray(whole.length - tail + 8);
  const at = head.length + large;
  return sparse("old.pth", at + rest.length + large, [[0, head], [at, rest]]); // prettier-ignore
}

function largeSafetensors(): string {
  const entry = (name: string, length: number) => ({ name, element: elements.float32, shape: [length] }); // prettier-ignore
  const header = encodeHeader([entry("first", large / 4), entry("wanted", 3), entry("last", large / 4)], {}); // prettier-ignore
  const at = header.length + large;
  return sparse("large.safetensors", at + 12 + large, [[0, header], [at, floats(7, 8, 9)]]); // prettier-ignore
}

test.each([
  ["zip .pth", largeZip],
  ["legacy .pth", largeLegacy],
  [".safetensors", largeSafetensors],
])("one tensor of a %s of 300 MB takes the bytes of that tensor", async (_, write) => {
  const file = await FileSource.open(write());
  expect(file.size).toBeGreaterThan(300 * megabyte);
  let bytes = 0;
  const counted: ByteSource = {
    name: file.name,
    size: file.size,
    read(offset, length) {
      bytes += length;
      return file.read(offset, length);
    },
  };
  const started = performance.now();
  const weights = await openWeights(counted, openZip);
  const opening = bytes;
  const wanted = weights.tensors.find(({ name }) => name === "wanted")!;
  expect((await readTensor(wanted)).data).toEqual(Float32Array.of(7, 8, 9));
  expect(bytes - opening).toBeLessThan(100); // 12 of the tensor, a local header of the zip
  expect(opening).toBeLessThan(1.1 * megabyte); // of an old file the first megabyte is read at once
  expect(performance.now() - started).toBeLessThan(500);
  await file.close();
});
