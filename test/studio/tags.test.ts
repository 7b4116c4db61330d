import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { nodeCodec } from "../../src/host/node/images/codec.ts";
import { nodeHost } from "../../src/host/node/host.ts";
import { openDataset } from "../../src/files/datasets/index.ts";
import type { ImageDetails, Project } from "../../src/studio/protocol.ts";
import { openStudioHere, type OpenStudio } from "./open-studio-here.ts";
import { waitUntil } from "./start-studio.ts";

let folder: string;
let png: Uint8Array;
let studio: OpenStudio | undefined;
let count = 0;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "studio-tags-"));
  const image = { width: 8, height: 6, data: new Uint8Array(8 * 6 * 3).fill(90) };
  png = await nodeCodec.encode(image, "png");
});
afterEach(async () => {
  await studio?.stop();
  studio = undefined;
});
afterAll(() => rmSync(folder, { recursive: true }));

/** A data folder with these images, and these texts beside them. */
function write(images: readonly string[], texts: Readonly<Record<string, string>> = {}): string {
  const data = join(folder, `data-${count++}`);
  for (const file of [...images, ...Object.keys(texts)]) {
    mkdirSync(join(data, file, ".."), { recursive: true });
    writeFileSync(join(data, file), texts[file] ?? png);
  }
  return data;
}

async function open(data: string): Promise<OpenStudio> {
  studio = await openStudioHere(data);
  await studio.indexed();
  return studio;
}

async function details(from: OpenStudio): Promise<Map<string, ImageDetails>> {
  const ids = Array.from({ length: 10 }, (_, id) => id);
  const all = await from.send<ImageDetails[]>("POST", "/api/images/details", { ids });
  return new Map(all.map((image) => [image.file, image]));
}

function put(from: OpenStudio, ...changes: object[]): Promise<Response> {
  return from.request("/api/tags", {
    method: "PUT",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ changes }),
  });
}

const three = ["images/a.png", "images/b.png", "images/c.png"];
const table = "file,tags,split\nb.png,dog,val\na.png,cat;dog,train\n";

describe("changing tags", () => {
  test("an answer means that the table has them, and data sets are read as the studio shows them", async () => {
    const data = write(three, { "tags.csv": table });
    const server = await open(data);
    const before = await details(server);
    const [a, b, c] = three.map((file) => before.get(file)!);
    expect([a!.tags, b!.tags, c!.tags, c!.untagged]).toEqual([[0, 1], [1], [], true]);
    const answer = await put(
      server,
      { id: a!.id, rev: a!.tagsRev, tags: [0] },
      { id: c!.id, rev: c!.tagsRev, tags: [1, 0] },
    );
    expect(answer.status).toBe(200);
    expect(readFileSync(join(data, "tags.csv"), "utf8")).toBe(
      "file,tags,split\nb.png,dog,val\na.png,cat,train\nc.png,cat;dog,\n",
    );
    const { revs } = (await answer.json()) as { revs: { id: number; rev: number }[] };
    const after = await details(server);
    expect(after.get(three[0]!)).toMatchObject({ tags: [0], tagsRev: revs[0]!.rev });
    expect(after.get(three[2]!)).toMatchObject({ tags: [0, 1], untagged: false });
    const dataset = await openDataset(nodeHost, data);
    expect(dataset.counts.all.perClass).toEqual([2, 2]);
  });

  test("one old revision among many changes makes none of them, and tells what is current", async () => {
    const data = write(three, { "tags.csv": table });
    const server = await open(data);
    const before = await details(server);
    const [a, b] = three.map((file) => before.get(file)!);
    await put(server, { id: a!.id, rev: a!.tagsRev, tags: [1] });
    const text = readFileSync(join(data, "tags.csv"), "utf8");
    const answer = await put(
      server,
      { id: b!.id, rev: b!.tagsRev, tags: [0] },
      { id: a!.id, rev: a!.tagsRev, tags: [] },
    );
    expect(answer.status).toBe(409);
    const current = [{ id: a!.id, rev: a!.tagsRev + 1, tags: [1] }];
    expect(await answer.json()).toMatchObject({ code: "conflict", current });
    expect(readFileSync(join(data, "tags.csv"), "utf8")).toBe(text);
    const { tags, tagsRev } = b!;
    expect((await details(server)).get(three[1]!)).toMatchObject({ tags, tagsRev });
  });

  test("changes that name no image or class, or an image twice, are refused as a whole", async () => {
    const server = await open(write(three, { "tags.csv": table }));
    const { id, tagsRev: rev } = (await details(server)).get(three[0]!)!;
    for (const wrong of [
      { id: 99, rev: 0, tags: [] },
      { id, rev, tags: [7] },
      { id, rev, tags: [0] },
    ]) {
      const { status } = await put(server, { id, rev, tags: [1] }, wrong);
      expect(status).toBeGreaterThanOrEqual(400);
    }
    expect((await details(server)).get(three[0]!)).toMatchObject({ tags: [0, 1], tagsRev: rev });
  });

  test("fifty changes at once are written together, each acknowledged", async () => {
    const files = Array.from({ length: 10 }, (_, i) => `images/${i}.png`);
    const data = write(files, { "tags.csv": "file,tags\n0.png,cat\n" });
    const server = await open(data);
    const before = await details(server);
    const answers = await Promise.all(
      files.map((file) => {
        const { id, tagsRev: rev } = before.get(file)!;
        return put(server, { id, rev, tags: [0] });
      }),
    );
    expect(answers.map(({ status }) => status)).toEqual(files.map(() => 200));
    const rows = readFileSync(join(data, "tags.csv"), "utf8").trim().split("\n");
    expect(rows.slice(1).sort()).toEqual(files.map((_, i) => `${i}.png,cat`));
  });

  test("a folder of images alone gets a table with the first tag, and classes as they come", async () => {
    const data = write(["x.png", "deep/y.png"]);
    const server = await open(data);
    expect(await server.get("/api/project")).toMatchObject({ format: "images", tagsFixed: null });
    await server.send("POST", "/api/classes", { name: "  owl " });
    const { id, tagsRev: rev } = (await details(server)).get("deep/y.png")!;
    expect((await put(server, { id, rev, tags: [0] })).status).toBe(200);
    expect(readFileSync(join(data, "tags.csv"), "utf8")).toBe("file,tags\ndeep/y.png,owl\n");
    const project = await server.get<Project>("/api/project");
    expect(project).toMatchObject({ format: "plain", classes: ["owl"] });
    expect(project.counts).toMatchObject({ images: 2, untagged: 1, perClass: [1] });
  });
});

describe("classes", () => {
  test("a new class follows the others, in the file that lists them too", async () => {
    const texts = { "tags.csv": table, "classes.txt": "dog\r\ncat" };
    const data = write(three, texts);
    const server = await open(data);
    const answer = await server.send("POST", "/api/classes", { name: "Uhu 🦉" });
    expect(answer).toEqual({ classes: ["dog", "cat", "Uhu 🦉"] });
    expect(readFileSync(join(data, "classes.txt"), "utf8")).toBe("dog\r\ncat\r\nUhu 🦉\r\n");
  });

  test("a class has a name of its own that a table of tags can hold", async () => {
    const server = await open(write(three, { "tags.csv": table }));
    const headers = { "content-type": "application/json" };
    for (const name of ["Dog", "a;b", "a,b", "background", "x\ny", " "]) {
      const body = JSON.stringify({ name });
      const answer = await server.request("/api/classes", { method: "POST", headers, body });
      expect([name, answer.status]).toEqual([name, 400]);
    }
    expect(await server.get("/api/project")).toMatchObject({ classes: ["cat", "dog"] });
  });
});

describe("other programs", () => {
  test("tags that another program writes are taken over while nothing is pending", async () => {
    const data = write(three, { "tags.csv": table });
    const server = await open(data);
    const { tagsRev } = (await details(server)).get(three[2]!)!;
    writeFileSync(join(data, "tags.csv"), `${table}c.png,owl,train\n`);
    await waitUntil(async () => {
      const image = (await details(server)).get(three[2]!)!;
      return !image.untagged && image.tagsRev > tagsRev;
    });
    expect(await server.get("/api/project")).toMatchObject({ classes: ["cat", "dog", "owl"] });
  });

  test.each([
    ["file", "file,tags\na.png,owl\n", "owl"],
    ["mine", "file,tags\na.png,dog\n", "dog"],
  ])("of tags changed in both places, those of %s are kept as asked", async (keep, text, tag) => {
    const data = write(three, { "tags.csv": table });
    const server = await open(data);
    const { id, tagsRev: rev } = (await details(server)).get(three[0]!)!;
    writeFileSync(join(data, "tags.csv"), "file,tags\na.png,owl\n");
    const answer = await put(server, { id, rev, tags: [1] });
    expect(answer.status).toBe(409);
    expect(await answer.json()).toMatchObject({ code: "tags-changed-outside" });
    expect(readFileSync(join(data, "tags.csv"), "utf8")).toBe("file,tags\na.png,owl\n");
    expect(await server.get("/api/project")).toMatchObject({ tagsChangedOutside: true });
    await server.send("POST", "/api/tags/reload", { keep });
    const { classes, tagsChangedOutside } = await server.get<Project>("/api/project");
    expect(tagsChangedOutside).toBe(false);
    expect(readFileSync(join(data, "tags.csv"), "utf8")).toBe(text);
    const image = (await details(server)).get(three[0]!)!;
    expect(image.tags.map((one) => classes[one])).toEqual([tag]);
  });
});

describe("tags that come from elsewhere", () => {
  test.each<[name: string, files: string[], texts: Record<string, string>, reason: RegExp]>([
    ["folders", ["cat/1.png", "dog/2.png"], {}, /folder that an image lies in is its tag/],
    ["JSON", three, { "tags.jsonl": '{"file":"a.png","tags":["cat"]}\n' }, /tags\.jsonl/],
    ["a column a class", three, { "tags.csv": "file,cat,dog\na.png,1,0\n" }, /is a column of/],
    ["a broken table", three, { "tags.csv": 'file,tags\n"a.png,cat\n' }, /cannot be read/],
  ])("%s cannot be changed here, which is told", async (_, files, texts, reason) => {
    const server = await open(write(files, texts));
    const project = await server.get<Project>("/api/project");
    expect(project.tagsFixed).toMatch(reason);
    expect(project.counts.images).toBe(files.length);
    const { id, tagsRev: rev } = [...(await details(server)).values()][0]!;
    const answer = await put(server, { id, rev, tags: [] });
    expect([answer.status, await answer.json()]).toMatchObject([400, { code: "tags-fixed" }]);
  });
});
