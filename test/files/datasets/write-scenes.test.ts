import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { writeScenes, type WriteScenesOptions } from "../../../src/files/datasets/index.ts";
import { nodeHost } from "../../../src/host/node/host.ts";
import { generateScene, sceneClasses, type SceneOptions } from "../../../src/method/data/scenes.ts";
import { makeFolder } from "./folders.ts";

/** Writes scenes with a pool that paints them here, and tells how often a pool was begun and ended. */
async function write(options: Partial<WriteScenesOptions>, cores = 2) {
  const root = await makeFolder({});
  const pools = { tasks: 0, begun: [] as unknown[], closed: 0 };
  const workers = {
    pool: (...how: unknown[]) => {
      pools.begun.push(how);
      return {
        run: (scene: unknown) => Promise.resolve(generateScene(scene as SceneOptions)).finally(() => pools.tasks++), // prettier-ignore
        close: () => Promise.resolve(void pools.closed++),
      };
    },
  };
  const host = { ...nodeHost, workers, machine: { ...nodeHost.machine, cores } };
  await writeScenes(host, root, { count: 3, seed: 5, size: 8, valCount: 1, ...options });
  const rows = readFileSync(join(root, "tags.csv"), "utf8").trim().split("\n");
  return { root, rows, pools, images: readdirSync(join(root, "images")) };
}

test("the last scenes are for validation, none at least and all but one at most", async () => {
  const splits = async (valCount: number) =>
    (await write({ valCount })).rows.slice(1).map((row) => row.split(",").at(-1));
  expect(await splits(0)).toEqual(["train", "train", "train"]);
  expect(await splits(1)).toEqual(["train", "train", "val"]);
  expect(await splits(2)).toEqual(["train", "val", "val"]);
  for (const valCount of [-1, 3, NaN])
    await expect(write({ valCount })).rejects.toThrow(new RegExp(`${valCount} of 3`));
});

test("scenes for testing come last and are of another seed", async () => {
  const { rows, root, images } = await write({ count: 2, testCount: 2 });
  expect(rows.slice(1).map((row) => row.split(",").at(-1))).toEqual(["train", "val", "test", "test"]); // prettier-ignore
  expect(images).toHaveLength(4);
  const pixels = (i: number) => nodeHost.codec.decode(join(root, "images", images[i]!));
  const drawn = (seed: number, index: number) => generateScene({ seed, index, size: 8 }).image;
  expect(await pixels(3)).not.toEqual(drawn(5, 3));
  expect(await pixels(3)).toEqual(drawn(5 + 2 ** 31, 1));
});

test("scenes are numbered with four digits from 1, 128 pixels wide, and list their tags", async () => {
  const told: [number, number][] = [];
  const onProgress = (...step: [number, number]): void => void told.push(step);
  const { root, images, rows } = await write({ count: 2, size: undefined as never, onProgress });
  expect(images.sort()).toEqual(["scene-0001.png", "scene-0002.png"]);
  expect(readdirSync(join(root, "masks")).sort()).toEqual(images);
  for (const folder of ["images", "masks"])
    expect(await nodeHost.codec.header(join(root, folder, images[1]!))).toMatchObject({ width: 128, height: 128 }); // prettier-ignore
  const tags = (index: number) =>
    generateScene({ seed: 5, index, size: 128 }).tags.map((tag) => sceneClasses[tag]).join(";"); // prettier-ignore
  expect(rows).toEqual([
    "file,tags,split",
    `scene-0001.png,${tags(0)},train`,
    `scene-0002.png,${tags(1)},val`,
  ]);
  expect(readFileSync(join(root, "classes.txt"), "utf8")).toBe(`${sceneClasses.join("\n")}\n`);
  expect(told).toEqual([[1, 2], [2, 2]]); // prettier-ignore
});

test("threads paint a hundred scenes or more, if there is more than one core", async () => {
  const none = { tasks: 0, begun: [], closed: 0 };
  expect((await write({ count: 99 })).pools).toEqual(none);
  expect((await write({ count: 100 }, 1)).pools).toEqual(none);
  expect((await write({ count: 100 })).pools).toEqual({
    tasks: 100,
    begun: [["scene", 2]],
    closed: 1,
  });
});
