import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { nodeHost } from "../../../src/host/node/host.ts";
import { crc32c } from "../../../src/files/run/crc32c.ts";
import { EventFile } from "../../../src/files/run/tensorboard.ts";
import { readEvents } from "./event-reader.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "events-"));
});
afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

// RFC 3720, appendix B.4, and the check value of the algorithm's catalogue entry.
test.each([
  ["123456789", Buffer.from("123456789"), 0xe3069283],
  ["32 zeros", new Uint8Array(32), 0x8a9136aa],
  ["32 ones", new Uint8Array(32).fill(255), 0x62a8ab43],
  ["0 to 31", Uint8Array.from({ length: 32 }, (_, i) => i), 0x46dd794e],
  ["nothing", new Uint8Array(0), 0],
])("CRC-32C of %s", (_, bytes, crc) => {
  expect(crc32c(bytes)).toBe(crc);
});

test("a scalar is written in the bytes that TensorBoard's schema prescribes", async () => {
  const events = await EventFile.create(nodeHost, folder, 1_700_000_000.5);
  const start = events.length;
  await events.scalars(1, 5, { loss: 0.5 });
  await events.close();
  expect(basename(events.path)).toMatch(/^events\.out\.tfevents\.1700000000\./);
  const file = readFileSync(events.path);
  expect(file.length).toBe(events.length);
  // wall_time = 1, step = 5, summary { value { tag: "loss", simple_value: 0.5 } }
  const event = "09000000000000f03f" + "1005" + "2a0d" + "0a0b" + "0a046c6f7373" + "150000003f";
  expect(file.subarray(start + 12, -4).toString("hex")).toBe(event);
  expect(file.subarray(start, start + 8).toString("hex")).toBe("1a00000000000000");
  expect(readEvents(file)[0]).toMatchObject({ version: "brain.Event:2", seconds: 1_700_000_000.5 });
});

test("scalars and pictures are read back as they were given", async () => {
  const events = await EventFile.create(nodeHost, folder, 10);
  await events.scalars(11, 300, { "loss/total": 0.25, "miou/seg": 0.75 });
  const png = Buffer.from([1, 2, 3]);
  const picture = { tag: "samples/猫", description: "Image | CAM", width: 300, height: 200, png };
  await events.image(12, 2 ** 31 + 5, picture);
  await events.close();
  const [, scalars, image] = readEvents(readFileSync(events.path));
  expect(scalars).toMatchObject({ seconds: 11, step: 300 });
  expect(scalars!.scalars).toEqual({ "loss/total": 0.25, "miou/seg": 0.75 });
  expect(image!.step).toBe(2 ** 31 + 5);
  expect(image!.images).toEqual([picture]);
});

test("a file reopened at a length goes on from there as if nothing had followed", async () => {
  const events = await EventFile.create(nodeHost, folder, 10);
  await events.scalars(11, 1, { a: 1 });
  const length = events.length;
  await events.scalars(12, 2, { a: 2 });
  await events.close();
  const again = await EventFile.reopen(nodeHost.store, folder, length);
  await again!.scalars(13, 2, { a: 3 });
  await again!.close();
  const values = readEvents(readFileSync(events.path)).map(({ scalars }) => scalars["a"]);
  expect(values).toEqual([undefined, 1, 3]);
  await EventFile.removeAll(nodeHost.store, folder);
  expect(await EventFile.reopen(nodeHost.store, folder, 10)).toBeUndefined();
});
