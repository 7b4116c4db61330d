import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { openStudioHere, type OpenStudio } from "./open-studio-here.ts";
import { writeScenes } from "./scene-folder.ts";

const folder = mkdtempSync(join(tmpdir(), "given-up-"));
const count = 40;
let studio: OpenStudio;
beforeAll(async () => {
  await writeScenes(folder, count, { size: 256 });
  studio = await openStudioHere(folder);
  await studio.indexed();
});
afterAll(async () => {
  await studio?.stop();
  rmSync(folder, { recursive: true, force: true });
});

test("requests that are given up are no faults, and what others wait for is still made", async () => {
  const told = vi.spyOn(process.stderr, "write").mockReturnValue(true);
  const thumb = (id: number, signal?: AbortSignal): Promise<Response> =>
    studio.request(`/api/images/${id}/thumb`, signal && { signal });
  const page = new AbortController();
  // More than are made at a time, so that most wait when the page goes elsewhere.
  const asked = Array.from({ length: count }, (_, id) => thumb(id, page.signal));
  const ended = Promise.allSettled(asked);
  await asked[count - 1];
  // Another tab waits for the same ones.
  const others = Array.from({ length: count }, (_, id) => thumb(id));
  await others[count - 1];
  page.abort();
  expect((await ended).some(({ status }) => status === "rejected")).toBe(true);
  expect((await Promise.all(others)).map(({ status }) => status)).toEqual(Array(count).fill(200));
  const upload = new AbortController();
  const body = new ReadableStream({ start: (stream) => stream.enqueue(new TextEncoder().encode("[")) }); // prettier-ignore
  const headers = { "content-type": "application/json" };
  const init = { method: "POST", headers, body, signal: upload.signal, duplex: "half" };
  const broken = studio.request("/api/images/details", init as RequestInit);
  setTimeout(() => upload.abort(), 50);
  await expect(broken).rejects.toThrow();
  // Answered after all that came before.
  await studio.request("/api/health");
  expect(told.mock.calls.map(([text]) => String(text))).toEqual([]);
  told.mockRestore();
});
