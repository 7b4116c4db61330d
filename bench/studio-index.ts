import { readFileSync } from "node:fs";
import { link, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { loadavg, tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { textTable } from "../src/files/text/columns.ts";
import { nodeCodec } from "../src/host/node/images/codec.ts";
import type { ImageDetails, Project } from "../src/studio/protocol.ts";
import { startStudio, waitUntil, type StartedStudio } from "../test/studio/start-studio.ts";
import { printGoal } from "./studio-session/goals.ts";

// How long a studio takes to list a folder for the first time and to open it again, and to answer on so many images. The files are
// hard links of a few small PNGs, in folders of 10,000; three quarters of them have tags. The server runs from the sources.
const { values } = parseArgs({
  options: {
    images: { type: "string", multiple: true, default: ["10000", "1000000"] },
    requests: { type: "string", default: "60" },
  },
});
const requests = Number(values.requests);

/** Files in a folder, and links of a file, of which file systems allow no more than 65,000. */
const [perFolder, perFile] = [10_000, 50_000];
const classes = ["cat", "dog", "owl", "fox", "bee"];

async function writeImages(data: string, count: number): Promise<void> {
  const rows = ["file,tags,split\n"];
  let source = "";
  for (let i = 0; i < count; i++) {
    const folder = `f${String(Math.floor(i / perFolder)).padStart(3, "0")}`;
    if (i % perFolder === 0) await mkdir(join(data, "images", folder), { recursive: true });
    const file = `${folder}/IMG_${String(i).padStart(7, "0")}.png`;
    const path = join(data, "images", file);
    if (i % perFile === 0) {
      const pixels = new Uint8Array(32 * 24 * 3).fill(i / perFile);
      source = path;
      await writeFile(path, await nodeCodec.encode({ width: 32, height: 24, data: pixels }, "png"));
    } else await link(source, path);
    const tags = classes.filter((_, k) => (i * 7919) % (k + 2) === 0);
    if (i % 4 !== 3) rows.push(`${file},${tags.join(";")},${i % 10 === 0 ? "val" : "train"}\n`);
  }
  await writeFile(join(data, "tags.csv"), rows.join(""));
}

function percentile(times: readonly number[], share: number): number {
  return [...times].sort((a, b) => a - b)[Math.floor(share * (times.length - 1))]!;
}

const inMs = (value: number): string => `${value.toFixed(value < 10 ? 1 : 0)} ms`;
const inSeconds = (value: number): string => `${(value / 1000).toFixed(2)} s`;

async function timed(work: () => Promise<unknown>): Promise<number> {
  const start = performance.now();
  await work();
  return performance.now() - start;
}

/** Milliseconds of many requests; the first of each kind, which makes the order, is part of them. */
async function times(work: (i: number) => Promise<unknown>): Promise<number[]> {
  const taken: number[] = [];
  for (let i = 0; i < requests; i++) taken.push(await timed(() => work(i)));
  return taken;
}

/** Memory in use, and the most so far, in MB. */
function memory({ process: { pid } }: StartedStudio): string {
  const status = readFileSync(`/proc/${pid}/status`, "utf8");
  const [now, most] = ["VmRSS", "VmHWM"].map((name) =>
    Math.round(Number(new RegExp(`${name}:\\s+(\\d+)`).exec(status)![1]) / 1024),
  );
  return `${now} MB, at most ${most} MB`;
}

async function page(studio: StartedStudio, query: string): Promise<void> {
  const response = await studio.request(`/api/images?${query}`);
  if (!response.ok) throw new Error(`${query}: ${response.status}`);
  await response.arrayBuffer();
}

/** Answers of a server that is doing something else, until that is done. */
async function answersUntil(
  studio: StartedStudio,
  isDone: () => Promise<boolean>,
): Promise<number[]> {
  const taken: number[] = [];
  await waitUntil(async () => {
    taken.push(await timed(() => studio.get("/api/health")));
    return isDone();
  });
  return taken;
}

/** @returns a table, and the milliseconds until the list of a folder that is known was there */
async function measure(
  data: string,
  count: number,
): Promise<{ rows: string[][]; openedAgain: number }> {
  const rows: string[][] = [];
  const isListed = async (studio: StartedStudio): Promise<boolean> =>
    (await studio.get<Project>("/api/project")).indexing === null;

  let studio = await startStudio(data);
  let start = performance.now();
  await waitUntil(async () => (await studio.get<Project>("/api/project")).counts.images > 0);
  rows.push(["first listing: first images shown", inSeconds(performance.now() - start)]);
  const meanwhile = await answersUntil(studio, () => isListed(studio));
  rows.push(["first listing: complete", inSeconds(performance.now() - start)]);
  rows.push(["answers meanwhile, p95 and longest", `${inMs(percentile(meanwhile, 0.95))}, ${inMs(Math.max(...meanwhile))}`]); // prettier-ignore
  rows.push(["memory after it", memory(studio)]);
  await studio.stop();

  start = performance.now();
  studio = await startStudio(data);
  const started = performance.now() - start;
  await waitUntil(() => isListed(studio));
  await page(studio, `cursor=${Math.max(0, count - 10_000)}`);
  rows.push(["opened again: process started", inSeconds(started)]);
  const openedAgain = performance.now() - start;
  rows.push(["opened again: last page of the list", inSeconds(openedAgain)]);
  const { counts } = await studio.get<Project>("/api/project");
  if (counts.images !== count) throw new Error(`${counts.images} of ${count} images are listed`);

  const anywhere = (i: number): number => Math.floor(((i * 7919) % requests) * (count / requests));
  const kinds: [string, (i: number) => Promise<unknown>][] = [
    ["a page of 10,000 records anywhere", (i) => page(studio, `cursor=${anywhere(i)}`)],
    ["a filter by tag, each time another", (i) => page(studio, `tag=${i % classes.length}`)],
    ["a part of a name, each time another", (i) => page(studio, `text=img_${String(i).padStart(3, "0")}`)], // prettier-ignore
    ["the queue without tags, each time new", (i) => page(studio, `sort=queue&text=${"0".repeat(1 + (i % 5))}`)], // prettier-ignore
    [
      "details of 200 images anywhere",
      (i) => {
        const ids = Array.from({ length: 200 }, (_, k) => (anywhere(i) + k) % count);
        return studio.send("POST", "/api/images/details", { ids });
      },
    ],
  ];
  for (const [name, work] of kinds) {
    const taken = await times(work);
    rows.push([name, `median ${inMs(percentile(taken, 0.5))}, p95 ${inMs(percentile(taken, 0.95))}`]); // prettier-ignore
  }
  const tagged: number[] = [];
  for (let i = 0; i < 5; i++) {
    const [image] = await studio.send<ImageDetails[]>("POST", "/api/images/details", { ids: [i] });
    const changes = [{ id: i, rev: image!.tagsRev, tags: [i % classes.length] }];
    tagged.push(await timed(() => studio.send("PUT", "/api/tags", { changes })));
  }
  const [first = 0, ...later] = tagged;
  rows.push(["a tag on the disk: the first, later ones", `${inSeconds(first)}, ${inSeconds(percentile(later, 0.5))}`]); // prettier-ignore
  rows.push(["memory", memory(studio)]);
  await studio.stop();
  return { rows, openedAgain };
}

for (const text of values.images) {
  const count = Number(text);
  const folder = await mkdtemp(join(tmpdir(), "studio-index-"));
  try {
    const written = await timed(() => writeImages(folder, count));
    const load = loadavg()[0]!.toFixed(1);
    process.stdout.write(
      `\n${count.toLocaleString("en")} images (files made in ${inSeconds(written)}; load ${load})\n`,
    );
    const { rows, openedAgain } = await measure(folder, count);
    process.stdout.write(`${textTable([["", ""], ...rows])}\n`);
    const name = `${count.toLocaleString("en")} images: opened again`;
    printGoal(name, Number((openedAgain / 1000).toFixed(2)), count > 100_000 ? 3 : 1, "s");
  } finally {
    await rm(folder, { recursive: true });
  }
}
