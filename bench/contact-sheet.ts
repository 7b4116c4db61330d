import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { MaskFolder } from "../src/files/formats/mask-folder.ts";
import { thumbnailFolder, thumbnailSide } from "../src/files/formats/writer.ts";
import { writeContactSheet, type SheetEntry } from "../src/files/report/contact-sheet.ts";
import { nodeHost } from "../src/host/node/host.ts";
import { openSegmenter } from "../src/jobs/open-segmenter.ts";
import { trainModel } from "../src/jobs/train.ts";
import { writeMasks } from "../src/jobs/masks.ts";
import { writeScenes } from "../src/files/datasets/index.ts";

// What the contact sheet of many images costs beside their masks. The masks and thumbnails of some images are timed one after
// the other and scaled; the pages are written for all of them.
const { values } = parseArgs({
  options: {
    images: { type: "string", default: "21000" },
    timed: { type: "string", default: "100" },
    size: { type: "string", default: "500" },
  },
});
const [images, timed, size] = [values.images, values.timed, values.size].map(Number) as [number, number, number]; // prettier-ignore
const work = mkdtempSync(join(tmpdir(), "tag2mask-sheet-"));
const seconds = (from: number): number => (performance.now() - from) / 1000;

try {
  const [data, run, out] = ["scenes", "run", "masks"].map((name) => join(work, name)) as [string, string, string]; // prettier-ignore
  await writeScenes(nodeHost, data, { count: 20, valCount: 1, seed: 1, size });
  // The smallest published backbone: with a larger one the masks take longer, and the sheet does not.
  const set = {
    ...{ "model.backbone": "mit_b0", "data.crop": 64, "data.batch": 1, "data.workers": 0 },
    ...{ "train.camSteps": 1, "train.affinitySteps": 1, "train.validateEvery": 0 },
  };
  const job = { data, out: run, steps: 1, set, device: "cpu", report: { command: "bench", versions: {} } } as const; // prettier-ignore
  for await (const event of trainModel(nodeHost, job)) void event;
  const segmenter = await openSegmenter(nodeHost, run, { device: "cpu" });

  const files = (await nodeHost.store.list(join(data, "images"))).files;
  const items = Array.from({ length: timed }, (_, i) => ({
    ...{ name: `image-${i}`, file: join(data, "images", files[i % files.length]!) },
  }));
  const folder = await MaskFolder.create(nodeHost, out, segmenter.classes);
  await segmenter.segment(items[0]!.file);
  let from = performance.now();
  const segment = (image: Parameters<typeof segmenter.segment>[0]) => segmenter.segment(image);
  for await (const event of writeMasks(nodeHost, { items, folder, segment, strict: true })) {
    void event;
  }
  const masks = seconds(from) / timed;
  await segmenter.release();

  const picture = await nodeHost.codec.decode(items[0]!.file);
  from = performance.now();
  for (const { name } of items) {
    const { jpeg } = await nodeHost.codec.thumbnail(picture, thumbnailSide);
    const path = join(out, thumbnailFolder, `${name}.jpg`);
    await nodeHost.store.write([{ path, data: jpeg }], { durable: false });
  }
  const thumbnails = seconds(from) / timed;

  const entries = Array.from({ length: images }, (_, i): SheetEntry => ({
    ...{ name: `image-${i}`, image: items[i % timed]!.file, confidence: (i * 7919) % 1 },
    ...{
      mask: join(out, "masks", `image-${i}.png`),
      overlay: join(out, "overlays", `image-${i}.jpg`),
    },
    ...{ tags: ["disk"], missing: [] },
    thumbnail: { file: join(out, thumbnailFolder, `image-${i}.jpg`), width: 288, height: 216 },
  }));
  from = performance.now();
  await writeContactSheet(nodeHost, out, entries, { classes: ["disk"] });
  const pages = seconds(from);

  const share = (thumbnails * images + pages) / (masks * images);
  console.log(
    `masks of ${size}x${size} with mit_b0: ${(1000 * masks).toFixed(1)} ms an image (${timed} timed)`,
  );
  console.log(`thumbnails of pixels in memory: ${(1000 * thumbnails).toFixed(1)} ms an image`);
  console.log(`pages of ${images} masks: ${pages.toFixed(1)} s`);
  console.log(`the sheet of ${images} images costs ${(100 * share).toFixed(1)} % of their masks`);
  process.exitCode = share <= 0.1 ? 0 : 1;
} finally {
  rmSync(work, { recursive: true, force: true });
}
