import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Sample } from "../../../src/method/data/sample.ts";
import { BatchLoader, type BatchLoaderOptions } from "../../../src/method/train/batch-loader.ts";
import { openDataset, writeScenes } from "../../../src/files/datasets/index.ts";
import { UserError } from "../../../src/user-error.ts";
import { nodeHost } from "../../../src/host/node/host.ts";
import type { Host } from "../../../src/host/host.ts";
import type { Workers } from "../../../src/host/workers.ts";

let folder: string;
let samples: readonly Sample[];
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "tag2mask-loader-"));
  await writeScenes(nodeHost, folder, { count: 12, seed: 2, size: 64, valCount: 1 });
  samples = (await openDataset(nodeHost, folder)).splits["train"]!;
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const options: BatchLoaderOptions = {
  crop: 32,
  batch: 4,
  seed: 7,
  scaleRange: [0.5, 2],
  flip: 0.5,
};

async function load(
  steps: readonly number[],
  more: Partial<BatchLoaderOptions> = {},
  from = samples,
) {
  const loader = new BatchLoader(nodeHost, from, 4, { ...options, ...more });
  try {
    const batches = [];
    for (const step of steps) batches.push(await loader.next(step));
    return { batches, skipped: loader.skipped };
  } finally {
    await loader.close();
  }
}

describe("batches", () => {
  test("have crops, tags, boxes and names of their samples", async () => {
    const { batches } = await load([0]);
    const [{ names, size, crop, images, tags, boxes }] = batches as [(typeof batches)[0]];
    expect([size, crop, images.length, tags.length, boxes.length]).toEqual([
      4,
      32,
      4 * 32 * 32 * 3,
      16,
      16,
    ]);
    names.forEach((name, i) => {
      const sample = samples.find((s) => s.name === name)!;
      const present = [...tags.subarray(i * 4, i * 4 + 4)].flatMap((t, c) => (t ? [c] : []));
      expect(present).toEqual(sample.tags);
    });
  });

  test("are the same with any number of workers, in any order, and after a restart", async () => {
    const { batches } = await load([0, 1, 2, 3, 4]);
    expect((await load([0, 1, 2, 3, 4], { workers: 2 })).batches).toEqual(batches);
    expect((await load([3, 4, 0], { workers: 1, prefetch: 0 })).batches).toEqual(
      [3, 4, 0].map((s) => batches[s]),
    );
    expect((await load([0], { seed: 8 })).batches[0]).not.toEqual(batches[0]);
  });
});

describe("a broken image", () => {
  const withBroken = () => {
    const path = join(folder, "broken.png");
    writeFileSync(path, "not a picture");
    return samples.map((sample, i) =>
      i % 3 === 0 ? { ...sample, image: i === 0 ? path : `${path}${i}` } : sample,
    );
  };

  test("is named once and replaced by the same image with or without workers", async () => {
    const broken = withBroken();
    const steps = [0, 1, 2, 3, 4, 5];
    const here = await load(steps, {}, broken);
    const there = await load(steps, { workers: 2, prefetch: 4 }, broken);
    expect(there).toEqual(here);
    expect(new Set(here.skipped.map(({ file }) => file)).size).toBe(4);
    expect(here.skipped).toHaveLength(4);
    expect(here.skipped.find(({ file }) => file.endsWith("broken.png"))!.reason).toMatch(
      /^not a readable image/,
    );
    expect(here.batches.every(({ names }) => names.length === 4)).toBe(true);
  });

  test("ends a strict run", async () => {
    const strict = load([0, 1, 2], { strict: true }, withBroken());
    await expect(strict).rejects.toThrow(UserError);
    await expect(strict).rejects.toThrow("broken.png");
  });

  test("is an error if no other image can be read", async () => {
    const gone = samples
      .slice(0, 2)
      .map((sample) => ({ ...sample, image: `${sample.image}.gone` }));
    await expect(load([0], {}, gone)).rejects.toThrow(
      /no such file.*none of the 2 training images/,
    );
  });
});

describe("masks of known labels", () => {
  /** Every other sample has a mask. */
  const maskOf = (sample: Sample) =>
    samples.indexOf(sample) % 2 === 0
      ? { where: sample.mask!, labels: [0, 1, 2, 3, 4] }
      : undefined;

  test("come with their crops, 255 for images without one, the same with any number of workers", async () => {
    const steps = [0, 1, 2, 3];
    const { batches } = await load(steps, { maskOf });
    expect((await load(steps, { maskOf, workers: 2 })).batches).toEqual(batches);
    const plain = (await load(steps)).batches;
    expect(batches.map(({ known: _, ...batch }) => batch)).toEqual(plain);
    for (const { names, known, boxes } of batches) {
      names.forEach((name, i) => {
        const masked = maskOf(samples.find((sample) => sample.name === name)!) !== undefined;
        const [y0, y1, x0, x1] = boxes.subarray(4 * i, 4 * i + 4) as unknown as number[];
        const labels = known!.subarray(i * 32 * 32, (i + 1) * 32 * 32);
        const inside = (y1! - y0!) * (x1! - x0!);
        expect(labels.filter((label) => label !== 255)).toHaveLength(masked ? inside : 0);
      });
    }
  });

  test("read from elsewhere than a file are the same, and complete the tags", async () => {
    const untagged = samples.map((sample) => ({ ...sample, tags: [] }));
    const all = { crop: 128, scaleRange: [1, 1] as const };
    const read = (sample: Sample) => () => nodeHost.codec.decodeLabels(sample.mask!);
    const drawn = (sample: Sample) => ({
      ...{ where: "outlines", labels: [0, 1, 2, 3, 4], read: read(sample) },
    });
    const file = ({ mask }: Sample) => ({ where: mask!, labels: [0, 1, 2, 3, 4] });
    const { batches } = await load([0, 1], { ...all, maskOf: drawn, workers: 1 }, untagged);
    expect(batches).toEqual((await load([0, 1], { ...all, maskOf: file })).batches);
  });

  test("that do not fit or cannot be read leave their image out, as a broken image is", async () => {
    const small = join(folder, "small.png");
    writeFileSync(small, await nodeHost.codec.encodeLabels({ ...square, data: new Uint8Array(9) }));
    const problems = {
      [`${small}: mask is 3x3, but its image`]: { where: small, labels: [0] },
      "gone.png: cannot be read: no such file": { where: join(folder, "gone.png"), labels: [0] },
      "but there are 0 classes": { where: samples[0]!.mask!, labels: [0] },
      "outlines: torn": {
        ...{ where: "outlines", labels: [0] },
        read: () => Promise.reject(new UserError("outlines: torn")),
      },
    };
    for (const [reason, mask] of Object.entries(problems)) {
      const broken = { maskOf: (sample: Sample) => (sample === samples[0] ? mask : undefined) };
      const { skipped, batches } = await load([0, 1, 2], broken);
      expect(skipped.map(({ file }) => file)).toEqual([samples[0]!.image]);
      expect(skipped[0]!.reason).toContain(reason);
      expect(batches.flatMap(({ names }) => names)).not.toContain(samples[0]!.name);
      await expect(load([0, 1, 2], { ...broken, strict: true })).rejects.toThrow(reason);
    }
  });

  const square = { width: 3, height: 3 };
});

test("a closed loader returns no batches, and closing twice has no effect", async () => {
  const loader = new BatchLoader(nodeHost, samples, 4, { ...options, workers: 1, prefetch: 3 });
  await loader.next(0);
  await loader.close();
  await loader.close();
  await expect(loader.next(1)).rejects.toThrow("after close()");
});

describe("preparing in advance", () => {
  /** A host that notes the images it reads; each is a crop of one color. */
  function watched() {
    const read: string[] = [];
    const pools: [task: string, threads: number, tasks: number | undefined][] = [];
    let open = 0;
    const workers: Workers = {
      pool(task, threads, setup) {
        pools.push([task, threads, setup?.tasks]);
        open++;
        return {
          run: async (input) => {
            read.push((input as { image: string }).image);
            return { data: new Uint8Array(32 * 32 * 3), box: [0, 32, 0, 32] };
          },
          close: async () => void open--,
        };
      },
    };
    const host: Pick<Host, "codec" | "workers"> = { codec: nodeHost.codec, workers };
    return { host, read, pools, open: () => open };
  }

  test("reads every image once, two batches ahead if nothing else is asked", async () => {
    const { host, read } = watched();
    const loader = new BatchLoader(host, samples, 4, { ...options, workers: 1 });
    const first = await loader.next(0);
    expect(read).toHaveLength(3 * 4);
    expect(first.names).toEqual(
      read.slice(0, 4).map((image) => samples.find((sample) => sample.image === image)!.name),
    );
    await loader.next(1);
    await loader.next(2);
    expect(read).toHaveLength(5 * 4);
    await loader.close();
  });

  test("forgets batches that lie before or too far ahead of the one that is asked for", async () => {
    const { host, read } = watched();
    const loader = new BatchLoader(host, samples, 4, { ...options, workers: 1, prefetch: 1 });
    const readFor = async (step: number): Promise<number> => {
      const before = read.length;
      await loader.next(step);
      return (read.length - before) / 4;
    };
    expect(await readFor(0)).toBe(2);
    expect(await readFor(9)).toBe(2);
    expect(await readFor(1)).toBe(2); // has been dropped with step 10
    expect(await readFor(2)).toBe(1); // was read with step 1
    expect(await readFor(10)).toBe(2);
    await loader.close();
  });

  test("starts threads that take two tasks each, and ends them with the loader", async () => {
    const { host, pools, open } = watched();
    const loader = new BatchLoader(host, samples, 4, { ...options, workers: 3 });
    expect([pools, open()]).toEqual([[["loadItem", 3, 2]], 1]);
    await loader.close();
    expect(open()).toBe(0);
    new BatchLoader(host, samples, 4, options);
    expect(pools).toHaveLength(1);
  });
});
