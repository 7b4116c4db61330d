import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { loadavg, tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { textTable } from "../src/files/text/columns.ts";
import { encodePatch } from "../src/studio/patches.ts";
import type { ImageDetails, Project, Run } from "../src/studio/protocol.ts";
import { startStudio, waitUntil, type StartedStudio } from "../test/studio/start-studio.ts";
import { printGoal, quantile } from "./studio-session/goals.ts";
import { shortRecipe, trainSample } from "./studio-session/trained-sample.ts";

// How long the server takes to answer what the page asks it, first while nothing else goes on and then while a training runs in its
// own process, with a stream of events open. Requests go one after the other with a pause between them, as a page sends them; tags and
// strokes are on the disk when they are answered. `--keep DIR` leaves the trained project there and takes it again the next time.
const { values } = parseArgs({
  options: {
    rounds: { type: "string", default: "40" },
    pause: { type: "string", default: "20" },
    keep: { type: "string" },
  },
});
const rounds = Number(values.rounds);
const images = 60;

/** Sends one request of its kind, the i-th of them, and waits for the whole answer. */
type Ask = (i: number) => Promise<unknown>;

const work = values.keep ?? (await mkdtemp(join(tmpdir(), "studio-responsive-")));
try {
  const folder = join(work, "photos");
  await mkdir(folder, { recursive: true });
  const studio = await startStudio(folder);
  try {
    await trainSample(studio, { images, steps: 12 });
    const events = await studio.request("/api/events");
    const kinds = await kindsOf(studio);
    // Files are read and pictures are made once.
    await measure(kinds, 2);
    const [loadBefore, before] = [loadavg()[0]!, await measure(kinds, rounds)];

    const run = await studio.send<Run>("POST", "/api/runs", { ...shortRecipe(5000), set: {} });
    const stateOf = () => studio.get<Run>(`/api/runs/${run.id}`);
    await waitUntil(async () => (await stateOf()).step >= 2);
    const first = (await stateOf()).step;
    const during = await measure(kinds, rounds);
    const { state, step } = await stateOf();
    if (state !== "running") throw new Error(`the training is ${state} at step ${step}`);
    const load = loadavg()[0]!;
    await studio.send("POST", `/api/runs/${run.id}/stop`, {});
    await waitUntil(async () => (await stateOf()).state === "stopped");
    await events.body?.cancel();

    const inMs = (ms: number): string => ms.toFixed(1);
    const figures = (times: readonly number[]): string[] =>
      [quantile(times, 0.5), quantile(times, 0.95), Math.max(...times)].map(inMs);
    const names = [...during.keys()];
    const rows = names.map((name) => [name, ...figures(before.get(name)!), ...figures(during.get(name)!)]); // prettier-ignore
    const all = [...during.values()].flat();
    rows.push(["all", ...figures([...before.values()].flat()), ...figures(all)]);
    const head = ["ms", "median", "p95", "longest", "training: median", "p95", "longest"];
    process.stdout.write(`${textTable([head, ...rows])}\n\n`);
    console.log(
      `${all.length} answers during ${step - first} steps; load ${loadBefore.toFixed(1)} before the training, ${load.toFixed(1)} with it`,
    );
    printGoal("answers during a training, p95", Number(inMs(quantile(all, 0.95))), 50, "ms");
    printGoal("answers during a training, longest", Number(inMs(Math.max(...all))), 50, "ms");
  } finally {
    await studio.stop();
  }
} finally {
  if (values.keep === undefined) await rm(work, { recursive: true, force: true });
}

async function measure(kinds: ReadonlyMap<string, Ask>, count: number) {
  const times = new Map<string, number[]>();
  for (let i = 0; i < count; i++) {
    for (const [name, ask] of kinds) {
      await new Promise((resolve) => setTimeout(resolve, Number(values.pause)));
      const start = performance.now();
      await ask(i);
      const taken = performance.now() - start;
      times.set(name, [...(times.get(name) ?? []), taken]);
    }
  }
  return times;
}

/** Everything the page asks for that comes from the server's own process. */
async function kindsOf(studio: StartedStudio): Promise<ReadonlyMap<string, Ask>> {
  const ids = Array.from({ length: images }, (_, id) => id);
  const known = await studio.send<ImageDetails[]>("POST", "/api/images/details", { ids });
  const [model] = (await studio.get<Project>("/api/project")).models;
  const [run] = await studio.get<Run[]>("/api/runs");
  const at = (i: number): ImageDetails => known[(i * 7) % known.length]!;
  const tagsRevs = new Map(known.map(({ id, tagsRev }) => [id, tagsRev]));
  const maskRevs = new Map(known.map(({ id, maskRev }) => [id, maskRev]));

  const get =
    (path: string | ((i: number) => string)): Ask =>
    async (i) => {
      const address = typeof path === "string" ? path : path(i);
      const response = await studio.request(address);
      if (!response.ok) throw new Error(`${address}: ${response.status} ${await response.text()}`);
      await response.arrayBuffer();
    };
  // Images whose tags change have other layers, and what is not stored is computed by another process, as long as that takes.
  const [withLayers, withChanges] = [0, 1].map((rest) => known.filter((_, k) => k % 2 === rest));
  const layers = (i: number): string =>
    `/api/images/${withLayers![(i * 7) % withLayers!.length]!.id}/layers?model=${model!.id}`;
  for (let i = 0; i < images; i++) await get(layers)(i);

  return new Map<string, Ask>([
    ["the page", get("/")],
    ["health", get("/api/health")],
    ["project", get("/api/project")],
    ["images by name", get("/api/images?sort=name")],
    ["images of the queue", get("/api/images?sort=queue")],
    ["images without tags", get("/api/images?untagged=1")],
    ["details of 60 images", () => studio.send("POST", "/api/images/details", { ids })],
    ["thumbnail", get((i) => `/api/images/${at(i).id}/thumb?v=${at(i).version}`)],
    ["image", get((i) => `/api/images/${at(i).id}/image?v=${at(i).version}`)],
    ["mask", get((i) => `/api/images/${at(i).id}/mask`)],
    ["draft", get((i) => `/api/images/${at(i).id}/mask?of=draft`)],
    ["layers, stored", get(layers)],
    ["models", get("/api/models")],
    ["drafts", get("/api/drafts")],
    ["trainings", get("/api/runs")],
    ["a training", get(`/api/runs/${run!.id}`)],
    ["choices of a training", get("/api/choices")],
    ["summary of the review", get("/api/review/summary")],
    ["exports", get("/api/exports")],
    ["formats of exports", get("/api/export/formats")],
    ["preferences", get("/api/preferences")],
    [
      "tags (on the disk)",
      async (i) => {
        const { id, tags } = withChanges![(i * 7) % withChanges!.length]!;
        const changes = [{ id, rev: tagsRevs.get(id)!, tags: i % 2 === 0 ? [] : tags }];
        type Changed = { revs: { rev: number }[] };
        const { revs } = await studio.send<Changed>("PUT", "/api/tags", { changes });
        tagsRevs.set(id, revs[0]!.rev);
      },
    ],
    [
      "stroke (on the disk)",
      async (i) => {
        const { id } = at(i);
        const size = { x: i % 20, y: i % 20, width: 40, height: 40 };
        const labels = new Uint8Array(40 * 40).fill(i % 3);
        const response = await studio.request(`/api/images/${id}/strokes`, {
          method: "POST",
          headers: { "if-match": String(maskRevs.get(id)) },
          body: Uint8Array.from(encodePatch({ ...size, labels })),
        });
        const answer = (await response.json()) as { rev: number };
        if (!response.ok) throw new Error(`a stroke: ${JSON.stringify(answer)}`);
        maskRevs.set(id, answer.rev);
      },
    ],
    [
      "verdict (on the disk)",
      async (i) => {
        const { id } = at(i);
        const verdict = (["unsure", "accepted", "none"] as const)[i % 3];
        await studio.send("POST", `/api/images/${id}/verdict`, { rev: maskRevs.get(id), verdict });
      },
    ],
  ]);
}
