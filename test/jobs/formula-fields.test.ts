import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { writeTags } from "../../src/files/datasets/index.ts";
import { MaskFolder } from "../../src/files/formats/mask-folder.ts";
import { nodeHost } from "../../src/host/node/host.ts";
import { writeResults } from "../../src/jobs/evaluation-results.ts";
import { writeMasks } from "../../src/jobs/masks.ts";
import { ConfusionMatrix } from "../../src/method/eval/metrics.ts";
import { makeFolder, Picture } from "../files/datasets/folders.ts";

const evil = '=HYPERLINK("x")';
const protectedField = `"'=HYPERLINK(""x"")"`;
const onePixel = { width: 1, height: 1, data: Uint8Array.of(1) };

test.each<[string, (root: string) => Promise<string>]>([
  [
    "tags.csv",
    async (root) => {
      const path = join(root, "tags.csv");
      const splits = { train: [{ name: "a", image: `/d/${evil}.jpg`, tags: [0] }] };
      await writeTags(nodeHost.store, path, { classes: [evil], splits });
      return path;
    },
  ],
  [
    "confidence.csv",
    async (root) => {
      const out = join(root, "masks");
      const folder = await MaskFolder.create(nodeHost, out, [evil], { overlays: false });
      const items = [{ name: "=a", file: join(root, "a.png") }];
      const segment = () =>
        Promise.resolve({ ...onePixel, classes: [evil], tags: [0], confidence: 1 });
      const job = { items, folder, segment, strict: false };
      const events: unknown[] = [];
      for await (const event of writeMasks(nodeHost, job)) events.push(event);
      return join(out, "confidence.csv");
    },
  ],
  [
    "image-sizes.csv",
    async (root) => {
      const out = join(root, "yolo");
      const folder = await MaskFolder.create(nodeHost, out, ["cat"], { format: ["yolo"], overlays: false }); // prettier-ignore
      await folder.write("=a", onePixel);
      await folder.finish();
      return join(out, "image-sizes.csv");
    },
  ],
  [
    "results.csv",
    async (root) => {
      const matrix = new ConfusionMatrix(2);
      const results = { about: {}, title: "t", classes: [evil], matrices: { seg: matrix }, tagF1: 0, masks: 1, skipped: [], worst: [] }; // prettier-ignore
      const [, csv] = await writeResults(nodeHost, { out: join(root, "scores") }, results);
      return csv!;
    },
  ],
])("no field of %s is a formula to a spreadsheet", async (_, write) => {
  const root = await makeFolder({ "a.png": new Picture(1, 1) });
  const text = readFileSync(await write(root), "utf8");
  const rows = text.trim().split("\n").slice(1);
  expect(rows.length).toBeGreaterThan(0);
  expect(rows.join("\n")).toMatch(/(^|,)"?'=/m);
  expect(rows.join("\n")).not.toMatch(/(^|,)"?[=+\-@\t]/m);
  if (text.includes("HYPERLINK")) expect(text).toContain(protectedField.slice(1, 12));
});
