import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { compareMasks } from "../../src/jobs/compare-masks.ts";
import { convertMasks } from "../../src/jobs/convert.ts";
import { runDemo } from "../../src/jobs/demo.ts";
import { nodeHost } from "../../src/host/node/host.ts";
import { demoMasks, writeAll } from "../files/formats/masks.ts";
import { temporaryFolder } from "../cli/scenes.ts";

const root = temporaryFolder();

/** The types of a job's events; the signal is aborted at the first of one type. */
async function typesUntil<E extends { readonly type: string }>(
  type: E["type"],
  job: (options: { readonly signal: AbortSignal }) => AsyncGenerator<E, void>,
): Promise<{ types: string[]; last: E | undefined }> {
  const controller = new AbortController();
  const events: E[] = [];
  for await (const event of job({ signal: controller.signal })) {
    events.push(event);
    if (event.type === type) controller.abort();
  }
  return { types: events.map((event) => event.type), last: events.at(-1) };
}

test("an aborted conversion says how far it came and removes what it wrote", async () => {
  const masks = join(root, "masks");
  const out = join(root, "converted");
  await writeAll(masks, "voc", demoMasks(3));
  const job = { masks, to: ["voc"], out, instances: "regions" } as const;
  const { types, last } = await typesUntil("progress", (options) =>
    convertMasks(nodeHost, job, options),
  );
  expect(types).toEqual(["started", "progress", "stopped"]);
  expect(last).toEqual({ type: "stopped", done: 1, total: 3 });
  expect(existsSync(out)).toBe(false);
});

test("an aborted comparison of masks stops at the next pair and leaves no folder", async () => {
  const masks = join(root, "compared");
  const out = join(root, "scores", "deep");
  await writeAll(masks, "voc", demoMasks(3));
  const job = { masks, truth: masks, out, worst: 2 };
  const { types, last } = await typesUntil("progress", (options) =>
    compareMasks(nodeHost, job, options),
  );
  expect(types).toEqual(["unpaired", "progress", "stopped"]);
  expect(last).toEqual({ type: "stopped", done: 1, total: 3 });
  expect(existsSync(join(root, "scores"))).toBe(false);
});

test("a demo that is aborted before its training leaves nothing behind", async () => {
  const before = readdirSync(root);
  const report = { command: "demo", versions: {} };
  const job = { out: join(root, "new", "tour"), images: 14, device: "cpu", report } as const;
  const { types } = await typesUntil("making", (options) => runDemo(nodeHost, job, options));
  expect(types.filter((type) => type !== "scenes")).toEqual(["device", "making", "given-up"]);
  expect(readdirSync(root)).toEqual(before);
});
