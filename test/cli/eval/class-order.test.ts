import { cpSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, expect, test } from "vitest";
import { sceneClasses } from "../../../src/method/data/scenes.ts";
import { fewScenes, temporaryFolder, tiny } from "../scenes.ts";
import { tag2mask } from "../terminal.ts";
import { nodeHost } from "../../../src/host/node/host.ts";
import { writeMask } from "../../../src/host/node/images/codec.ts";

const root = temporaryFolder();
const [data, turned, model] = ["scenes", "turned", "run"].map((name) => join(root, name)) as [
  string,
  string,
  string,
];
const reversed = [...sceneClasses].reverse();

beforeAll(async () => {
  await fewScenes(data);
  const args = ["train", "--data", data, "--out", model, "--steps", "1", ...tiny];
  const { code, stderr } = await tag2mask(...args);
  expect(code, stderr).toBe(0);
  cpSync(data, turned, { recursive: true });
  // The same masks, with the classes numbered from the last to the first.
  for (const file of (await nodeHost.store.list(join(data, "masks"))).files) {
    const {
      width,
      height,
      data: labels,
    } = await nodeHost.codec.decodeLabels(join(data, "masks", file));
    const other = labels.map((v) => (v === 0 || v === 255 ? v : sceneClasses.length + 1 - v));
    await writeMask(
      join(turned, "masks", file),
      { width, height, data: other },
      { durable: false },
    );
  }
});

interface Scores {
  readonly metrics: unknown;
  readonly perClass: unknown;
  readonly warnings: readonly string[];
}

async function evaluate(folder: string): Promise<Scores> {
  const options = ["--device", "cpu", "--no-cam", "--json"];
  const { code, stdout, stderr } = await tag2mask(
    "eval",
    "--model",
    model,
    "--data",
    folder,
    ...options,
  );
  expect(code, stderr).toBe(0);
  return JSON.parse(stdout.trim().split("\n").at(-1)!) as Scores;
}

test("true masks in another order are judged once, and score the same once their names are there", async () => {
  const right = await evaluate(data);
  expect(right.warnings.join("\n")).not.toContain("order");
  const wrong = await evaluate(turned);
  const told = wrong.warnings.filter((text) => /number the classes in another order/.test(text));
  expect(told).toEqual([expect.stringMatching(/turned: \d+ of \d+ masks show classes that /)]);
  writeFileSync(join(turned, "masks/classes.json"), JSON.stringify(reversed));
  const { metrics, perClass, warnings } = await evaluate(turned);
  expect({ metrics, perClass }).toEqual({ metrics: right.metrics, perClass: right.perClass });
  expect(warnings.filter((text) => text.includes("matched by name"))).toHaveLength(1);
});

test("the pixel accuracy says of which column it is", async () => {
  const args = ["eval", "--model", model, "--data", data, "--device", "cpu", "--no-cam", "--crf"];
  expect((await tag2mask(...args)).stdout).toMatch(
    /^pixel accuracy of segmentation \+ CRF [\d.]+ %, /m,
  );
});
