import { join } from "node:path";
import { beforeAll, expect, test } from "vitest";
import type { MaskFormat } from "../../src/files/formats/formats.ts";
import { nodeHost } from "../../src/host/node/host.ts";
import { writeImage } from "../../src/host/node/images/codec.ts";
import { convertMasks, type ConvertEvent, type ConvertJob } from "../../src/jobs/convert.ts";
import { awkwardMasks, writeAll } from "../files/formats/masks.ts";
import { temporaryFolder } from "../cli/scenes.ts";
import { treeOf } from "./unfinished-masks.ts";

const root = temporaryFolder();
const masks = join(root, "masks");
const images = join(root, "images");
const labels = awkwardMasks();

beforeAll(async () => {
  await writeAll(masks, "voc", labels);
  let first = true;
  for (const [name, { width, height }] of labels) {
    // One image is missing, and the losses tell.
    if (!first) {
      const data = new Uint8Array(width * height * 3);
      await writeImage(join(images, `${name}.png`), { width, height, data });
    }
    first = false;
  }
});

/** Converts, and counts the masks of the source that are decoded. */
async function convert(
  options: Partial<ConvertJob> & Pick<ConvertJob, "out" | "to">,
  stopAfter = Infinity,
): Promise<{ events: ConvertEvent[]; decoded: number }> {
  const job: ConvertJob = { masks, images, instances: "regions", ...options };
  let decoded = 0;
  const codec = {
    ...nodeHost.codec,
    decodeLabels: (file: string) => {
      if (file.startsWith(masks)) decoded++;
      return nodeHost.codec.decodeLabels(file);
    },
  };
  const controller = new AbortController();
  const events: ConvertEvent[] = [];
  const host = { ...nodeHost, codec };
  for await (const event of convertMasks(host, job, { signal: controller.signal })) {
    events.push(event);
    if (event.type === "progress" && event.done === stopAfter) controller.abort();
  }
  return { events, decoded };
}

test.each([
  ["folders of files", ["voc", "yolo", "ultralytics"], false],
  ["files for all masks", ["voc", "coco", "cvat", "labelstudio"], false],
  ["one file", ["coco"], true],
] as const)(
  "a conversion into %s goes on to the same bytes and tells the same",
  async (_, to: readonly MaskFormat[], rereads) => {
    const [whole, stopped] = [join(root, `${to[0]}-whole`), join(root, `${to[0]}-${to.length}`)];
    const plain = { out: join(whole, String(to.length)), to };
    const uninterrupted = await convert(plain);
    await convert({ out: stopped, to }, 5);
    const { events, decoded } = await convert({ out: stopped, to, resume: true });
    expect(treeOf(stopped)).toEqual(treeOf(plain.out));
    expect({ ...events.at(-1), out: "", classes: "" }).toEqual({
      ...uninterrupted.events.at(-1),
      ...{ out: "", classes: "" },
    });
    expect(events[0]).toMatchObject({ type: "started", finished: 5, of: labels.size, rereads });
    expect(decoded).toBe(rereads ? labels.size : labels.size - 5);
  },
);

test("the tree of VOC 2012 goes on without its masks being read again", async () => {
  const [whole, stopped] = [join(root, "tree"), join(root, "tree-stopped")];
  await convert({ out: whole, to: ["voc"], layout: "voc2012" });
  await convert({ out: stopped, to: ["voc"], layout: "voc2012" }, 3);
  const { decoded } = await convert({
    ...{ out: stopped, to: ["voc"], layout: "voc2012", resume: true },
  });
  expect(treeOf(stopped)).toEqual(treeOf(whole));
  expect(decoded).toBe(labels.size - 3);
});
