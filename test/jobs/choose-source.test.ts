import { expect, test } from "vitest";
import { chooseSource } from "../../src/jobs/choose-source.ts";
import type { FileHost } from "../../src/host/host.ts";
import type { LabelMap } from "../../src/method/images/image.ts";
import type { SourceChoice } from "../../src/method/inference/label-source.ts";
import type { Segmenter } from "../../src/method/inference/segmenter.ts";
import { UserError } from "../../src/user-error.ts";

const size = { width: 10, height: 10 };
/** A mask whose first pixels have the first class. */
const mask = (pixels: number): LabelMap => ({
  ...size,
  data: new Uint8Array(100).fill(1, 0, pixels),
});

type Masks = Readonly<Record<"free" | "segmentation" | "affinity" | "cam", number>>;

/** A model whose masks have so many pixels of the first class, whatever the image. */
function modelOf(pixels: Masks | null): Segmenter {
  const model = { config: { eval: { longSide: 320, maxSide: 320 } } };
  const labelFromEach = async () => ({
    free: mask(pixels!.free),
    segmentation: mask(pixels!.segmentation),
    affinity: mask(pixels!.affinity),
    cam: mask(pixels!.cam),
  });
  const segmenter = { model, classes: ["cat", "dog"], activations: pixels && {}, labelFromEach };
  return segmenter as unknown as Segmenter;
}

async function choose(
  pixels: Masks | null,
  { images = 3, unreadable = "", signal = new AbortController().signal, tags = [0] } = {},
): Promise<{ choice: SourceChoice; read: string[] }> {
  const read: string[] = [];
  const decode = async (file: string) => {
    read.push(file);
    if (file === unreadable) throw new UserError(`${file}: not a readable image`);
    return { ...size, data: new Uint8Array(300) };
  };
  const host = { codec: { decode } } as unknown as Pick<FileHost, "codec">;
  const items = Array.from({ length: images }, (_, i) => ({ name: `${i}`, file: `${i}`, tags }));
  const job = chooseSource(host, modelOf(pixels), items, { signal });
  for (;;) {
    const next = await job.next();
    if (next.done) return { choice: next.value, read };
  }
}

test.each([
  ["segmentation", { free: 20, segmentation: 20, affinity: 30, cam: 25 }],
  ["cam", { free: 0, segmentation: 20, affinity: 30, cam: 25 }],
  ["cam", { free: 20, segmentation: 20, affinity: 0, cam: 90 }],
  ["affinity", { free: 20, segmentation: 0, affinity: 30, cam: 0 }],
] as const)("masks come from %s with %o", async (source, pixels) => {
  const { choice } = await choose(pixels);
  expect(choice).toMatchObject({ source, measured: { images: 3 } });
});

test("measurements are shares of tags and pixels, and IoU averaged over background and tags", async () => {
  const { choice } = await choose(
    { free: 0, segmentation: 0, affinity: 50, cam: 25 },
    { images: 1 },
  );
  expect(choice.measured).toEqual({
    images: 1,
    tagsFound: 0,
    tagsShown: { segmentation: 0, affinity: 1, cam: 1 },
    area: { segmentation: 0, affinity: 0.5, cam: 0.25 },
    agreement: {
      segmentationAffinity: (0.5 + 0) / 2,
      segmentationCam: (0.75 + 0) / 2,
      affinityCam: (50 / 75 + 25 / 50) / 2,
    },
  });
});

const same = { free: 20, segmentation: 20, affinity: 20, cam: 20 };

test("of many images 24 are measured, from the first on evenly apart", async () => {
  const { choice, read } = await choose(same, { images: 48 });
  expect(choice.measured!.images).toBe(24);
  expect(read).toEqual(Array.from({ length: 24 }, (_, i) => `${2 * i}`));
});

test("images that cannot be read, and those without tags, are not measured", async () => {
  expect((await choose(same, { unreadable: "1" })).choice.measured!.images).toBe(2);
  const { choice, read } = await choose(same, { tags: [] });
  expect([choice.source, choice.measured!.images, read]).toEqual(["affinity", 0, []]);
});

test("an aborted choice reads no more images", async () => {
  expect((await choose(same, { signal: AbortSignal.abort() })).read).toEqual([]);
});

test("an exported model has only its segmentation", async () => {
  const { choice, read } = await choose(null);
  expect(choice).toMatchObject({ source: "segmentation", measured: null });
  expect(read).toEqual([]);
});
