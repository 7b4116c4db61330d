import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { stringify } from "yaml";
import { nodeHost } from "../../src/host/node/host.ts";
import { exportModelWithCard } from "../../src/jobs/export-model-card.ts";
import { outcomeOf } from "../../src/jobs/events.ts";
import { openAnyModel } from "../../src/jobs/open-exported-model.ts";
import { classes, writeCheckpoint } from "./exported-model.ts";

const root = mkdtempSync(join(tmpdir(), "model-card-"));
const run = join(root, "run");

beforeAll(() => {
  mkdirSync(join(run, "weights"), { recursive: true });
  writeCheckpoint(join(run, "weights/best.safetensors"));
  const masks = { count: 12, corrections: 7 };
  writeFileSync(join(run, "config.yaml"), stringify({ run: { data: "photos", strict: false, masks } })); // prettier-ignore
});
afterAll(() => rmSync(root, { recursive: true, force: true }));

describe("an exported model with its card", () => {
  test.each([
    ["onnx", "model.onnx"],
    ["transformersjs", "onnx/model.onnx"],
  ] as const)(
    "%s: says what it knows, what it learned from and whose weights it began with",
    async (format, file) => {
      const out = join(root, format);
      const [first] = classes;
      const job = { run, out, format, precision: "float32", images: 30, perClass: { [first!]: 21 } } as const; // prettier-ignore
      const { exported } = await outcomeOf(exportModelWithCard(nodeHost, job), "exported");
      expect(exported.files.map((one) => one.file)).toContain(join(out, "README.md"));
      expect((await openAnyModel(nodeHost.store, join(out, file))).classes).toEqual(classes);
      const card = readFileSync(join(out, "README.md"), "utf8");
      expect(card).toMatch(/^---\nlibrary_name: .*\npipeline_tag: image-segmentation\n---\n/);
      expect(card).toContain(`| 1 | ${first} | 21 |`);
      expect(card).toContain(
        "30 images with tags. 12 of them had a mask, of which people corrected 7.",
      );
      expect(card).toContain("It was not validated.");
      expect(card).toContain("Trained from random weights");
    },
  );
});
