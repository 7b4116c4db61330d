import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import sharp from "sharp";
import { afterEach, beforeEach, expect, test } from "vitest";
import { nodeHost } from "../../src/host/node/host.ts";
import type { Image } from "../../src/method/images/image.ts";
import { writeMasks, type WriteMasksEvent } from "../../src/jobs/masks.ts";
import { runJob } from "../../src/cli/interrupt.ts";
import { maskLines } from "../../src/cli/mask-lines.ts";
import { Output } from "../../src/cli/output.ts";
import { readMask, writeImage } from "../../src/host/node/images/codec.ts";
import { MaskFolder } from "../../src/files/formats/mask-folder.ts";
import { UserError } from "../../src/user-error.ts";

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "mask-job-"));
});
afterEach(() => {
  rmSync(root, { recursive: true, force: true });
});

/** Two images, the second of which `make` fails on. */
async function job(failure: Error, strict = false) {
  const out = join(root, "out");
  const items = ["a", "b"].map((name) => ({ name, file: join(root, `${name}.png`) }));
  for (const { file } of items) {
    await writeImage(file, { width: 3, height: 2, data: new Uint8Array(18) });
  }
  let text = "";
  const stream = { write: (more: string) => (text += more) };
  const terminal = { stdout: stream, stderr: stream, color: false, now: () => 0 };
  const folder = await MaskFolder.create(nodeHost, out, ["cat"], { overlays: false });
  const make = async ({ width, height }: Image, { name }: { name: string }) => {
    if (name === "b") throw failure;
    return {
      width,
      height,
      data: new Uint8Array(width * height),
      classes: ["cat"],
      tags: [],
      confidence: 1,
    };
  };
  const done = runJob(
    () => writeMasks(nodeHost, { items, folder, segment: make, strict }),
    maskLines(new Output(terminal, false, "label")),
  );
  return { done, out, said: () => text };
}

test.each([new RangeError("Array buffer allocation failed"), new UserError("too many pixels")])(
  "an image that is too much is left out, and the other masks stay (%s)",
  async (failure) => {
    const { done, out, said } = await job(failure);
    await done;
    expect(readdirSync(join(out, "masks"))).toEqual(["a.png"]);
    expect(said()).toContain(`left out ${root}/b.png: no mask can be made: ${failure.message}`);
    expect(said()).toMatch(/^1 mask in .*, 1 left out/m);
  },
);

test("with strict, and where the program is wrong, the job fails and takes back its masks", async () => {
  const strict = await job(new RangeError("too large"), true);
  await expect(strict.done).rejects.toThrow(/b\.png: no mask can be made: too large/);
  const wrong = await job(new TypeError("undefined is not a function"));
  await expect(wrong.done).rejects.toThrow(TypeError);
  expect(readdirSync(root).sort()).toEqual(["a.png", "b.png"]);
});

test("images come to the network in their order, whichever is read first", async () => {
  const items = [700, 1, 300, 2].map((side, i) => ({
    name: `${i}`,
    file: join(root, `${i}.png`),
    side,
  }));
  for (const { file, side } of items) {
    await writeImage(file, { width: side, height: side, data: new Uint8Array(side * side * 3) });
  }
  const folder = await MaskFolder.create(nodeHost, join(root, "out"), ["cat"], { overlays: false });
  const began: string[] = [];
  const make = ({ width, height }: Image, { name }: { name: string }) => {
    began.push(name);
    const data = new Uint8Array(width * height);
    return Promise.resolve({ width, height, data, classes: ["cat"], tags: [], confidence: 1 });
  };
  const task = { items, folder, segment: make, strict: false, ahead: 3 };
  const types: string[] = [];
  for await (const { type } of writeMasks(nodeHost, task)) types.push(type);
  expect(began).toEqual(["0", "1", "2", "3"]);
  expect(types).toEqual(["started", "image", "image", "image", "image", "done"]);
});

test("an aborted signal ends the job after the images under way, and complete masks stay", async () => {
  const out = join(root, "out");
  const items = ["a", "b", "c"].map((name) => ({ name, file: join(root, `${name}.png`) }));
  for (const { file } of items) {
    await writeImage(file, { width: 3, height: 2, data: new Uint8Array(18) });
  }
  const folder = await MaskFolder.create(nodeHost, out, ["cat"], { overlays: false });
  const segment = ({ width, height }: Image) => {
    const data = new Uint8Array(width * height);
    return Promise.resolve({ width, height, data, classes: ["cat"], tags: [], confidence: 1 });
  };
  const controller = new AbortController();
  const events: WriteMasksEvent[] = [];
  const task = { items, folder, segment, strict: false };
  for await (const event of writeMasks(nodeHost, task, { signal: controller.signal })) {
    events.push(event);
    if (event.type === "image") controller.abort();
  }
  expect(events.at(-1)).toEqual({ type: "stopped", done: 1, total: 3, out, kept: 0 });
  expect(readdirSync(out, { recursive: true }).sort()).toEqual(["masks", "masks/a.png"]);
});

test("an image of more than 50 megapixels is read smaller, and its mask has its own size", async () => {
  const [width, height] = [12_600, 4000];
  const file = join(root, "wide.png");
  const flat = { create: { width, height, channels: 3 as const, background: "#808080" } };
  await sharp(flat).png({ compressionLevel: 1 }).toFile(file);
  const out = join(root, "out");
  const folder = await MaskFolder.create(nodeHost, out, ["cat"], { sheet: true });
  const sizes: number[] = [];
  const segment = async (image: Image) => {
    sizes.push(image.width, image.height);
    const data = new Uint8Array(image.width * image.height);
    data.fill(1, data.length / 2);
    return { ...image, data, classes: ["cat"], tags: [0], confidence: 1 };
  };
  const items = [{ name: "wide", file }];
  for await (const event of writeMasks(nodeHost, { items, folder, segment, strict: true })) {
    void event;
  }
  expect(sizes).toEqual([2048, 650]);
  const mask = await readMask(join(out, "masks/wide.png"));
  expect([mask.width, mask.height]).toEqual([width, height]);
  expect([mask.data[0], mask.data.at(-1)]).toEqual([0, 1]);
  expect(await nodeHost.codec.header(join(out, "overlays/wide.jpg"))).toMatchObject({
    width: 2048,
  });
});

test("images of the same name have rows of their own in confidence.csv, under the names of their masks", async () => {
  const out = join(root, "out");
  const items = ["jpg", "jpeg", "png"].map((ending) => ({
    name: "photo",
    file: join(root, `photo.${ending}`),
  }));
  for (const { file } of items) {
    await writeImage(file, { width: 3, height: 2, data: new Uint8Array(18) });
  }
  const classes = ["cat"];
  let confidence = 0.9;
  const segment = ({ width, height }: Image) => {
    confidence -= 0.1;
    const data = new Uint8Array(width * height);
    return Promise.resolve({ width, height, data, classes, tags: [0], confidence });
  };
  const options = { settings: { job: "label" }, sheet: true };
  const started = await MaskFolder.create(nodeHost, out, classes, options);
  const controller = new AbortController();
  const { signal } = controller;
  for await (const event of writeMasks(
    nodeHost,
    { items, folder: started, segment, strict: false },
    { signal },
  )) {
    if (event.type === "image" && event.index === 1) controller.abort();
  }
  const folder = await MaskFolder.create(nodeHost, out, classes, { ...options, resume: true });
  const events: WriteMasksEvent[] = [];
  for await (const event of writeMasks(nodeHost, { items, folder, segment, strict: false })) {
    events.push(event);
  }
  const names = ["photo-3", "photo-2", "photo"];
  const [, ...rows] = readFileSync(join(out, "confidence.csv"), "utf8").trimEnd().split("\n");
  expect(rows.map((row) => row.split(",")[0])).toEqual(names);
  expect(readdirSync(join(out, "masks")).sort()).toEqual(names.map((name) => `${name}.png`).sort());
  expect(events.at(-1)).toMatchObject({ type: "done", lacking: names });
  expect(readFileSync(join(out, "contact-sheet.html"), "utf8")).toContain("<h3>photo-3</h3>");
});
