import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Random } from "../../src/engine/random.ts";
import type { MaskFormat } from "../../src/files/formats/formats.ts";
import { nodeHost } from "../../src/host/node/host.ts";
import { convertMasks } from "../../src/jobs/convert.ts";
import { encodePatch } from "../../src/studio/patches.ts";
import type { Export, ExportCheck } from "../../src/studio/protocol.ts";
import { writeScenes } from "./scene-folder.ts";
import { startStudio, waitUntil, type StartedStudio } from "./start-studio.ts";

const side = 48;
const folder = mkdtempSync(join(tmpdir(), "studio-exports-"));
const data = join(folder, "photos");
const formats: readonly MaskFormat[] = ["voc", "coco", "labelstudio", "cvat", "yolo", "ultralytics"]; // prettier-ignore
/** The labels that were painted, by the name of the image; the last image has no mask, the one before is rejected. */
const painted = new Map<string, Uint8Array>();
let studio: StartedStudio;

beforeAll(async () => {
  const { classes } = await writeScenes(data, 5, { size: side, tagged: 5 });
  studio = await startStudio(data);
  await studio.indexed();
  const random = Random.at(0, "exports");
  for (let id = 0; id < 4; id++) {
    const labels = new Uint8Array(side * side).fill(id === 1 ? 255 : 0);
    for (let k = 0; k < 5; k++) paintBlock(labels, random, 1 + random.int(classes.length));
    await studio.request(`/api/images/${id}/strokes`, {
      method: "POST",
      headers: { "content-type": "application/octet-stream", "if-match": "0" },
      body: encodePatch({ x: 0, y: 0, width: side, height: side, labels }),
    });
    const verdict = id === 3 ? "rejected" : "accepted";
    await studio.send("POST", `/api/images/${id}/verdict`, { rev: 1, verdict });
    if (id < 3) painted.set(`scene-00${id}`, labels);
  }
}, 60_000);
afterAll(async () => {
  await studio.stop();
  rmSync(folder, { recursive: true, force: true });
});

function paintBlock(labels: Uint8Array, random: Random, label: number): void {
  const [x, y] = [random.int(side - 16), random.int(side - 16)];
  for (let row = 0; row < 12; row++) labels.fill(label, (y + row) * side + x, (y + row) * side + x + 14); // prettier-ignore
}

async function exported(request: object): Promise<Export> {
  const { id } = await studio.send<Export>("POST", "/api/export", request);
  let found: Export | undefined;
  await waitUntil(async () => {
    found = (await studio.get<Export[]>("/api/exports")).find((one) => one.id === id);
    return found?.state !== "running";
  });
  return found!;
}

async function convert(masks: string, to: MaskFormat, out: string): Promise<void> {
  const job = { masks, to: [to], out, images: data, instances: "regions" } as const;
  for await (const event of convertMasks(nodeHost, job)) if (event.type === "skipped") throw new Error(event.message); // prettier-ignore
}

describe("exports of masks", () => {
  let out: string;

  test("before anything is written the page is told what is left out and what a format loses", async () => {
    const check = await studio.send<ExportCheck>("POST", "/api/export/check", { formats, which: "reviewed" }); // prettier-ignore
    expect(check.images).toBe(3);
    expect(check.leftOut).toEqual([
      { reason: "rejected", images: 1 },
      { reason: "no mask", images: 1 },
    ]);
    expect(check.losses).toEqual([
      { format: "yolo", message: "in 1 of 3 masks: ignored pixels became background" },
    ]);
    expect(readdirSync(join(data, ".tag2mask/exports"))).toEqual([]);
  }, 60_000);

  test("every format gives back the labels that were painted", async () => {
    const one = await exported({ formats, which: "reviewed", overlays: true, name: "all" });
    expect(one).toMatchObject({ id: "all", state: "done", error: null, done: 3, total: 3 });
    out = one.path;
    expect(one.files).toBe(filesIn(out));
    expect(readdirSync(join(out, "overlays"))).toHaveLength(3);
    const files = { voc: "voc", coco: "coco/instances.json", labelstudio: "labelstudio/labelstudio.json", cvat: "cvat/cvat.zip", yolo: "yolo", ultralytics: "ultralytics" }; // prettier-ignore
    for (const format of formats) {
      const back = join(folder, `back-${format}`);
      await convert(join(out, files[format]), "voc", back);
      for (const [name, labels] of painted) {
        const { data: read } = await nodeHost.codec.decodeLabels(join(back, "masks", `${name}.png`)); // prettier-ignore
        const expected = format === "yolo" ? labels.map((label) => (label === 255 ? 0 : label)) : labels; // prettier-ignore
        expect([format, name, read]).toEqual([format, name, expected]);
      }
    }
  }, 60_000);

  test("the files are those that convert writes", async () => {
    for (const format of ["coco", "labelstudio"] as const) {
      const converted = join(folder, `converted-${format}`);
      await convert(join(out, "voc"), format, converted);
      const name = format === "coco" ? "instances.json" : "labelstudio.json";
      expect(readFileSync(join(out, format, name), "utf8")).toBe(readFileSync(join(converted, name), "utf8")); // prettier-ignore
    }
  });

  test("names are taken once, unknown formats and an export of nothing are refused", async () => {
    const refused = async (request: object): Promise<string> => {
      const response = await studio.request("/api/export", {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify(request),
      });
      const { code } = (await response.json()) as { code: string };
      return `${response.status} ${code}`;
    };
    expect(await refused({ formats: ["voc"], which: "reviewed", name: "all" })).toBe("409 conflict"); // prettier-ignore
    expect(await refused({ formats: ["bmp"], which: "reviewed" })).toBe("400 usage");
    expect(await refused({ formats: [], which: "reviewed" })).toBe("400 invalid-input");
    const first = await exported({ formats: ["voc"], which: "reviewed" });
    expect(first.path).toBe(join(data, ".tag2mask/exports/voc"));
    const escaped = await exported({ formats: ["voc"], which: "all", name: "../../out" });
    expect(escaped.path.startsWith(join(data, ".tag2mask/exports/"))).toBe(true);
  }, 60_000);

  test("a server that is killed tells later that the export was not done", async () => {
    await studio.send<Export>("POST", "/api/export", { formats: ["coco"], which: "reviewed", name: "cut" }); // prettier-ignore
    await studio.kill();
    studio = await startStudio(data);
    await studio.indexed();
    const list = await studio.get<Export[]>("/api/exports");
    const cut = list.find(({ id }) => id === "cut");
    expect(cut).toMatchObject({ state: "failed" });
    expect(cut!.error).toMatch(/ended before the export was complete/);
    expect(list.find(({ id }) => id === "all")).toMatchObject({ state: "done" });
  }, 60_000);
});

function filesIn(path: string): number {
  return readdirSync(path, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile() && !entry.name.startsWith(".")).length; // prettier-ignore
}
