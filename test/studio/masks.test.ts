import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Random } from "../../src/engine/random.ts";
import { decodeMask, encodePatch, type Patch } from "../../src/studio/patches.ts";
import type { ImageDetails, ReviewSummary } from "../../src/studio/protocol.ts";
import { ReviewSession } from "./review-session.ts";
import { writeScenes } from "./scene-folder.ts";
import { startStudio, type StartedStudio } from "./start-studio.ts";

const side = 96;
const folder = mkdtempSync(join(tmpdir(), "studio-masks-"));
let studio: StartedStudio;
let classes: number;

beforeAll(async () => {
  classes = (await writeScenes(join(folder, "one"), 4, { size: side, tagged: 4 })).classes.length;
  studio = await startStudio(join(folder, "one"));
  await studio.indexed();
}, 60_000);
afterAll(async () => {
  await studio.stop();
  rmSync(folder, { recursive: true, force: true });
});

function send(id: number, rev: number, patch: Patch): Promise<Response> {
  return studio.request(`/api/images/${id}/strokes`, {
    method: "POST",
    headers: { "content-type": "application/octet-stream", "if-match": String(rev) },
    body: encodePatch(patch),
  });
}

async function maskOf(id: number): Promise<{ rev: number; data: Uint8Array }> {
  const response = await studio.request(`/api/images/${id}/mask`);
  const { data } = decodeMask(new Uint8Array(await response.arrayBuffer()));
  return { rev: Number(response.headers.get("x-mask-rev")), data };
}

function square(label: number, x: number, y: number): Patch {
  return { x, y, width: 8, height: 8, labels: new Uint8Array(64).fill(label) };
}

describe("masks over HTTP", () => {
  test("two tabs that edit one mask: the second is told, with the revision, and nothing of the first is lost", async () => {
    const [first, second] = await Promise.all([
      send(0, 0, square(1, 0, 0)),
      send(0, 0, square(2, 0, 0)),
    ]);
    expect([first.status, second.status].sort()).toEqual([200, 409]);
    const refused = first.ok ? second : first;
    expect(await refused.json()).toMatchObject({ code: "conflict", rev: 1 });
    const { rev, data } = await maskOf(0);
    expect([rev, data[0]]).toEqual([1, first.ok ? 1 : 2]);
    expect((await send(0, 1, square(2, 0, 0))).status).toBe(200);
  });

  test("a hundred strokes undone and done again give the same bytes, in the file too", async () => {
    const random = Random.at(0, "undo");
    const undo: Patch[] = [];
    const redo: Patch[] = [];
    let rev = 0;
    const map = new Uint8Array(side * side).fill(255);
    const apply = async (patch: Patch): Promise<void> => {
      for (let row = 0; row < 8; row++) {
        map.set(patch.labels.subarray(8 * row, 8 * row + 8), (patch.y + row) * side + patch.x);
      }
      const response = await send(1, rev, patch);
      expect(((await response.json()) as { rev: number }).rev).toBe(++rev);
    };
    for (let k = 0; k < 100; k++) {
      const stroke = square(random.int(classes + 1), random.int(side - 8), random.int(side - 8));
      const before = Uint8Array.from(stroke.labels, (_, i) => map[(stroke.y + (i >> 3)) * side + stroke.x + (i & 7)]!); // prettier-ignore
      undo.push({ ...stroke, labels: before });
      redo.push(stroke);
      await apply(stroke);
    }
    const painted = (await maskOf(1)).data;
    expect(painted).toEqual(map);
    await studio.send("POST", "/api/images/1/verdict", { rev, verdict: "accepted" });
    const path = join(folder, "one/.tag2mask/corrections/scene-001.png");
    const file = readFileSync(path);
    for (const patch of undo.reverse()) await apply(patch);
    expect((await maskOf(1)).data.every((label) => label === 255)).toBe(true);
    for (const patch of redo) await apply(patch);
    expect((await maskOf(1)).data).toEqual(painted);
    await studio.send("POST", "/api/images/1/verdict", { rev, verdict: "accepted" });
    expect(readFileSync(path).equals(file)).toBe(true);
  }, 60_000);

  test("verdicts, resets and the summary of the review are told", async () => {
    await send(2, 0, square(1, 0, 0));
    await studio.send("POST", "/api/images/2/verdict", { rev: 1, verdict: "accepted" });
    const conflict = await studio.request("/api/images/2/verdict", {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ rev: 0, verdict: "rejected" }),
    });
    expect(conflict.status).toBe(409);
    const details = await studio.send<ImageDetails[]>("POST", "/api/images/details", { ids: [2] });
    expect(details[0]).toMatchObject({ verdict: "accepted", maskRev: 1, width: side });
    const summary = await studio.get<ReviewSummary>("/api/review/summary");
    expect(summary).toMatchObject({ left: 0, reviewed: 2, expected: null });
    await studio.send("POST", "/api/images/2/mask/reset", { rev: 1 });
    const after = await studio.request("/api/images/2/mask");
    expect([after.headers.get("x-mask-rev"), after.headers.get("x-mask-source")]).toEqual(["2", "none"]); // prettier-ignore
    const draft = await studio.request("/api/images/1/mask?of=draft");
    expect((await draft.arrayBuffer()).byteLength).toBe(0);
  });

  test("a stroke without a revision, and one of no image, are refused", async () => {
    const body = encodePatch(square(1, 0, 0));
    const bare = await studio.request("/api/images/3/strokes", { method: "POST", body });
    expect(bare.status).toBe(428);
    expect((await send(99, 0, square(1, 0, 0))).status).toBe(404);
    expect((await send(3, 0, square(classes + 1, 0, 0))).status).toBe(400);
  });
});

test("a server that is killed twice in a review loses at most the change under way, and all files stay whole", async () => {
  const data = join(folder, "killed");
  await writeScenes(data, 3, { size: 48, tagged: 3 });
  const session = new ReviewSession(data, 3, 48, classes, Random.at(1, "kills"));
  // `bench/studio-kills.ts` kills it 50 times.
  while (session.kills < 2) await session.round();
  await session.finish();
  expect(session.answered).toBeGreaterThan(5);
}, 120_000);
