import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { studioWords } from "../../src/cli/studio-words.ts";
import { browserCommand } from "../../src/cli/open-in-browser.ts";
import { runProgram } from "../../src/cli/program.ts";
import { nodeCodec } from "../../src/host/node/images/codec.ts";
import { nodeHost } from "../../src/host/node/host.ts";
import type { ImageDetails, Project, StudioEvent } from "../../src/studio/protocol.ts";
import { serveStudio } from "../../src/studio/server/open-studio.ts";
import { openStudioHere, type OpenStudio } from "./open-studio-here.ts";
import { startStudio, waitUntil } from "./start-studio.ts";

let folder: string;
let png: Uint8Array;
let studio: OpenStudio | undefined;
let count = 0;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "studio-project-"));
  const image = { width: 8, height: 6, data: new Uint8Array(8 * 6 * 3).fill(90) };
  png = await nodeCodec.encode(image, "png");
});
afterEach(async () => {
  await studio?.stop();
  studio = undefined;
});
afterAll(() => rmSync(folder, { recursive: true }));

function newFolder(...images: string[]): string {
  const data = join(folder, `data-${count++}`);
  mkdirSync(data);
  for (const file of images) writeFileSync(join(data, file), png);
  return data;
}

async function open(data: string, project?: string): Promise<OpenStudio> {
  studio = await openStudioHere(data, project);
  await studio.indexed();
  return studio;
}

function tell(text: string): { readonly complaint: Promise<string> } {
  let told = "";
  const stream = { write: (more: string) => (told += more) };
  const terminal = { stdout: stream, stderr: stream, color: false, now: () => 0 };
  return { complaint: runProgram(text.split(" "), terminal).then((code) => `${told}(${code})`) };
}

describe("the folder of a studio", () => {
  test("a second server of the same folder says where the first one is", async () => {
    const data = newFolder("a.png");
    const { port } = await open(data);
    const second = serveStudio(nodeHost, { data, port: 0, words: studioWords });
    await expect(second).rejects.toThrow(`open at http://localhost:${port}/; use that one`);
  });

  test("a page that a killed server left open finds the next one: same address, same token", async () => {
    const data = newFolder("a.png");
    const first = await startStudio(data);
    await first.indexed();
    const place = join(data, ".tag2mask/server.json");
    expect(statSync(place).mode & 0o777).toBe(0o600);
    await first.kill();
    const { url, close } = await serveStudio(nodeHost, { data, words: studioWords });
    expect(url).toBe(first.url);
    await close();
    expect(existsSync(place)).toBe(false);
    const again = await serveStudio(nodeHost, { data, port: 0, words: studioWords });
    expect(again.url.split("#")[1]).not.toBe(first.url.split("#")[1]);
    await again.close();
  });

  test("what others could have read is not trusted", async () => {
    const data = newFolder("a.png");
    mkdirSync(join(data, ".tag2mask"));
    const place = join(data, ".tag2mask/server.json");
    writeFileSync(place, JSON.stringify({ port: 4999, token: "A".repeat(22) }));
    chmodSync(place, 0o644);
    const { token } = await open(data);
    expect(token).not.toBe("A".repeat(22));
  });

  test("another folder takes everything, and may not lie among the images", async () => {
    const data = newFolder("a.png");
    const project = join(folder, "elsewhere");
    const server = await open(data, project);
    expect(await server.get("/api/project")).toMatchObject({ root: data, folder: project });
    expect(existsSync(join(data, ".tag2mask"))).toBe(false);
    const inside = serveStudio(nodeHost, { data, project: join(data, "sub"), words: studioWords });
    await expect(inside).rejects.toThrow("a name that begins with a dot");
  });

  test("a data folder that cannot be written, and one that is not there, say what to do", async () => {
    const data = newFolder("a.png");
    // Root may write everywhere, but nobody can make a folder where a file is.
    writeFileSync(join(data, ".tag2mask"), "");
    expect(await tell(`studio ${data}`).complaint).toMatch(/give --project and a folder .*\(1\)$/s);
    expect(await tell(`studio ${data}-no`).complaint).toMatch(/no such folder.*\(1\)$/s);
    expect(await tell(`studio ${data} --port x`).complaint).toMatch(/Expected a port.*\(2\)$/s);
  });

  test("preferences are kept in studio.json; a damaged one costs only itself", async () => {
    const data = newFolder("a.png");
    const server = await open(data);
    const usual = await server.get<object>("/api/preferences");
    const wanted = { ...usual, theme: "dark", keys: { undo: "u" } };
    await server.send("PUT", "/api/preferences", wanted);
    expect(JSON.parse(readFileSync(join(data, ".tag2mask/studio.json"), "utf8"))).toEqual(wanted);
    await server.stop();
    expect(await (await open(data)).get("/api/preferences")).toEqual(wanted);
    await studio!.stop();
    writeFileSync(join(data, ".tag2mask/studio.json"), '{"theme":');
    expect(await (await open(data)).get("/api/preferences")).toEqual(usual);
  });
});

describe("what a studio knows", () => {
  test("deleting index and thumbnails loses nothing", async () => {
    const data = newFolder("a.png", "b.png");
    const first = await open(data);
    await first.request("/api/images/0/thumb");
    const before = await first.get<Project>("/api/project");
    await first.stop();
    expect(existsSync(join(data, ".tag2mask/index.bin"))).toBe(true);
    for (const name of ["index.bin", "thumbs"]) {
      rmSync(join(data, ".tag2mask", name), { recursive: true });
    }
    const second = await open(data);
    expect(await second.get("/api/project")).toEqual(before);
    expect((await second.request("/api/images/0/thumb")).status).toBe(200);
  });

  test("images that come and go are seen, and told to the page", async () => {
    const data = newFolder("a.png");
    const server = await open(data);
    const events: StudioEvent["type"][] = [];
    const controller = new AbortController();
    const stream = await server.request("/api/events", { signal: controller.signal });
    const reader = stream.body!.pipeThrough(new TextDecoderStream()).getReader();
    const reading = (async () => {
      for (;;) {
        const { value, done } = await reader.read();
        if (done) return;
        for (const [, type] of value.matchAll(/^event: (\w+)$/gm)) {
          events.push(type as StudioEvent["type"]);
        }
      }
    })().catch(() => undefined);
    writeFileSync(join(data, "b.png"), png);
    await waitUntil(() => events.includes("list"));
    await waitUntil(async () => {
      const { counts } = await server.get<Project>("/api/project");
      return counts.images === 2;
    });
    controller.abort();
    await reading;
  });

  test("an image that cannot be read is found without being asked for", async () => {
    const data = newFolder("a.png");
    writeFileSync(join(data, "broken.jpg"), "no image");
    const server = await open(data);
    await waitUntil(async () => {
      const { counts } = await server.get<Project>("/api/project");
      return counts.problems === 1;
    });
    const all = await server.send<ImageDetails[]>("POST", "/api/images/details", { ids: [0, 1] });
    expect(all.map(({ problems }) => problems.length)).toEqual([0, 1]);
    expect((await server.request("/api/images?problems=1")).status).toBe(200);
  });

  test("an empty folder gets a sample, once", async () => {
    const data = newFolder();
    const server = await open(data);
    expect(await server.get("/api/project")).toMatchObject({ format: "empty" });
    await server.send("POST", "/api/sample", { images: 10 });
    await waitUntil(async () => {
      const { indexing, counts } = await server.get<Project>("/api/project");
      return indexing === null && counts.images === 10;
    });
    const { format, classes, counts } = await server.get<Project>("/api/project");
    expect([format, classes.length, counts.untagged]).toEqual(["plain", 4, 0]);
    await expect(server.send("POST", "/api/sample", { images: 10 })).rejects.toThrow("409");
  });
});

test("the browser is opened only where there is a screen, and no shell reads the address", () => {
  const url = "http://localhost:1/#token=x";
  expect(browserCommand(url, "linux", {})).toBeUndefined();
  expect(browserCommand(url, "linux", { DISPLAY: ":0", SSH_CONNECTION: "x" })).toBeUndefined();
  expect(browserCommand(url, "linux", { WAYLAND_DISPLAY: "wayland-0" })).toEqual(["xdg-open", url]);
  expect(browserCommand(url, "darwin", {})).toEqual(["open", url]);
  expect(browserCommand(url, "win32", {})).toEqual([
    "rundll32",
    "url.dll,FileProtocolHandler",
    url,
  ]);
});
