import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { request as httpRequest, type IncomingMessage } from "node:http";
import { connect } from "node:net";
import { networkInterfaces, tmpdir } from "node:os";
import { join } from "node:path";
import { Hono } from "hono";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { nodeCodec } from "../../src/host/node/images/codec.ts";
import { tokenHeader, type ImageDetails } from "../../src/studio/protocol.ts";
import { listen } from "../../src/studio/server/listen.ts";
import { decodeRecords } from "../../src/studio/records.ts";
import { startStudio, waitUntil, type StartedStudio } from "./start-studio.ts";

const folder = mkdtempSync(join(tmpdir(), "studio-security-"));
const data = join(folder, "photos");
const hostile = "<img src=x onerror=alert(1)>\n\u001b[31m.png";
let studio: StartedStudio;

beforeAll(async () => {
  const image = { width: 8, height: 6, data: new Uint8Array(8 * 6 * 3).fill(90) };
  const png = await nodeCodec.encode(image, "png");
  mkdirSync(data);
  writeFileSync(join(data, "a.png"), png);
  writeFileSync(join(data, hostile), png);
  writeFileSync(
    join(data, "drawing.png"),
    '<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><script>alert(1)</script></svg>',
  );
  writeFileSync(join(folder, "secret.png"), png);
  symlinkSync(join(folder, "secret.png"), join(data, "out.png"));
  symlinkSync("/etc/passwd", join(data, "passwd.jpg"));
  execFileSync("mkfifo", [join(data, "pipe.png")]);
  studio = await startStudio(data);
  await studio.indexed();
});

afterAll(async () => {
  await studio.stop();
  rmSync(folder, { recursive: true });
});

interface Answer {
  readonly status: number;
  readonly headers: IncomingMessage["headers"];
  readonly text: string;
}

/** A request as no browser and no `fetch` would send it: the path and the headers go out as they are. */
function send(
  path: string,
  {
    method = "GET",
    headers = {},
    body,
    token = studio.token,
  }: {
    readonly method?: string;
    readonly headers?: Readonly<Record<string, string>>;
    readonly body?: string;
    readonly token?: string | null;
  } = {},
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const own = {
      host: `localhost:${studio.port}`,
      ...(token === null ? {} : { [tokenHeader]: token }),
    };
    const sent = httpRequest(
      {
        ...{ host: "127.0.0.1", port: studio.port, path, method, agent: false },
        headers: { ...own, ...headers },
      },
      (response) => {
        const pieces: Buffer[] = [];
        response.on("data", (piece: Buffer) => pieces.push(piece));
        response.on("end", () =>
          resolve({
            status: response.statusCode!,
            headers: response.headers,
            text: Buffer.concat(pieces).toString(),
          }),
        );
      },
    );
    sent.on("error", reject);
    sent.end(body);
  });
}

async function imageNamed(file: string): Promise<ImageDetails> {
  const response = await studio.request("/api/images");
  const { records } = decodeRecords(new Uint8Array(await response.arrayBuffer()));
  const ids = records.map(({ id }) => id);
  let found: ImageDetails | undefined;
  await waitUntil(async () => {
    const all = await studio.send<ImageDetails[]>("POST", "/api/images/details", { ids });
    found = all.find((image) => image.file === file);
    return found?.version !== "0";
  });
  return found!;
}

describe("who may ask", () => {
  test.each([
    ["the page", "/"],
    ["the project", "/api/project"],
  ])("a name that was pointed at this computer gets nothing of %s", async (_, path) => {
    for (const host of ["evil.test", `evil.test:${studio.port}`, "localhost:1", "localhost"]) {
      expect(await send(path, { headers: { host } })).toMatchObject({ status: 403 });
    }
  });

  test.each(["localhost", "127.0.0.1", "[::1]"])("this computer is called %s", async (name) => {
    const headers = { host: `${name}:${studio.port}` };
    expect(await send("/api/health", { headers })).toMatchObject({ status: 200 });
  });

  test.each([
    ["another origin", { origin: "http://evil.test" }],
    ["this computer's other servers", { origin: "http://localhost:1" }],
    ["a page without origin", { origin: "null" }],
    ["another site", { "sec-fetch-site": "cross-site" }],
    ["another port of this computer", { "sec-fetch-site": "same-site" }],
  ])("requests of %s are refused, even with the token", async (_, headers) => {
    expect(await send("/api/project", { headers })).toMatchObject({ status: 403 });
    expect(await send("/api/tags", { method: "PUT", headers })).toMatchObject({ status: 403 });
  });

  test("without the token, or with another one, nothing is told and nothing done", async () => {
    for (const path of ["/api/project", "/api/images", "/api/events", "/api/images/0/image"]) {
      for (const token of [null, "", "x".repeat(22), `${studio.token}x`]) {
        expect(await send(path, { token })).toMatchObject({ status: 401 });
      }
    }
    const body = JSON.stringify({ name: "intruder" });
    const headers = { "content-type": "application/json" };
    const given = { method: "POST", headers, body, token: null };
    expect(await send("/api/classes", given)).toMatchObject({ status: 401 });
    expect(await studio.get("/api/project")).toMatchObject({ classes: [] });
  });

  test("the token has 128 bits and is in no answer", async () => {
    expect(Buffer.from(studio.token, "base64url")).toHaveLength(16);
    for (const path of ["/", "/api/project", "/api/health"]) {
      expect((await send(path)).text).not.toContain(studio.token);
    }
  });

  test("nothing listens but on this computer's own addresses", async () => {
    const others = Object.values(networkInterfaces())
      .flatMap((list) => list ?? [])
      .filter(({ internal, family }) => !internal && family === "IPv4");
    for (const { address } of others) {
      const isOpen = await new Promise<boolean>((resolve) => {
        const socket = connect({ host: address, port: studio.port });
        socket.on("connect", () => resolve(true)).on("error", () => resolve(false));
      });
      expect(isOpen).toBe(false);
    }
    const port = studio.port.toString(16).toUpperCase().padStart(4, "0");
    const listening = ["/proc/net/tcp", "/proc/net/tcp6"].flatMap((table) =>
      execFileSync("cat", [table], { encoding: "utf8" })
        .split("\n")
        .map((line) => line.trim().split(/\s+/))
        .filter(([, local, , state]) => state === "0A" && local?.endsWith(`:${port}`))
        .map(([, local]) => local!.split(":")[0]),
    );
    expect(new Set(listening)).toEqual(
      new Set(["0100007F", "00000000000000000000000001000000"].slice(0, listening.length)),
    );
  });
});

describe("what can be reached", () => {
  test.each([
    "/../../etc/passwd",
    "/..%2f..%2fetc%2fpasswd",
    "/%2e%2e/%2e%2e/etc/passwd",
    "/assets/..%2f..%2f..%2fpackage.json",
    "/assets/%00.js",
    "/index.html%00.png",
    "//etc/passwd",
    "/api/images/..%2f..%2fetc%2fpasswd/image",
    "/api/images/a.png/image",
    "/api/images/0%00/image",
    "/api/images/-1/image",
    "/api/images/1e1/image",
    "/api/images/99999999999/image",
    "/api/nothing",
    "/.tag2mask/server.json",
  ])("%s is nothing", async (path) => {
    const { status, text } = await send(path);
    expect(status).toBe(404);
    expect(text).not.toContain("root:");
  });

  test("links that lead out of the data folder are not followed, and the image says so", async () => {
    for (const file of ["out.png", "passwd.jpg"]) {
      const { id, problems } = await imageNamed(file);
      expect(problems.join()).toContain("leads out of the data folder");
      for (const what of ["image", "thumb"]) {
        const answer = await send(`/api/images/${id}/${what}`);
        expect(answer.status).toBe(404);
        expect(answer.text).not.toContain("root:");
      }
    }
  });

  test("a pipe with an image's name holds nothing up", async () => {
    const { id } = await imageNamed("pipe.png");
    expect(await send(`/api/images/${id}/image`)).toMatchObject({ status: 404 });
  });

  test("a drawing with an image's name is never sent, as its script would run", async () => {
    const { id, problems } = await imageNamed("drawing.png");
    expect(problems.join()).toContain("svg");
    for (const what of ["image", "thumb"]) {
      const { status, text, headers } = await send(`/api/images/${id}/${what}`);
      expect(status).toBe(400);
      expect(headers["content-type"]).toMatch(/^application\/json/);
      expect(text).not.toContain("<script");
    }
  });

  test("names with markup, line breaks and control characters arrive as they are, in JSON", async () => {
    const { id, file } = await imageNamed(hostile);
    expect(file).toBe(hostile);
    const image = await studio.request(`/api/images/${id}/image`);
    expect(image.headers.get("content-type")).toBe("image/png");
    const named = await studio.request(`/api/images?text=${encodeURIComponent("<IMG SRC=x")}`);
    const page = decodeRecords(new Uint8Array(await named.arrayBuffer()));
    expect(page.records.map((record) => record.id)).toEqual([id]);
  });
});

describe("answers", () => {
  const fixed = {
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-embedder-policy": "require-corp",
    "cross-origin-resource-policy": "same-origin",
  };

  test.each([
    ["/", "text/html; charset=utf-8"],
    ["/api/project", "application/json"],
    ["/api/images", "application/octet-stream"],
    ["/api/images/0/thumb", "image/webp"],
    ["/api/nothing", "application/json"],
  ])("%s has its fixed type and the headers that keep other pages away", async (path, type) => {
    const { headers } = await send(path);
    expect(headers).toMatchObject({ ...fixed, "content-type": type });
    const policy = headers["content-security-policy"] as string;
    expect(policy).toContain("default-src 'none'; script-src 'self' 'wasm-unsafe-eval';");
    expect(policy).toContain("frame-ancestors 'none'");
    expect(policy).not.toContain("unsafe-inline");
  });

  test("the page has another nonce each time, and nobody keeps it", async () => {
    const nonces = await Promise.all(
      [1, 2].map(async () => {
        const { text, headers } = await send("/");
        const [, nonce] = /nonce="([\w-]{22})"/.exec(text)!;
        expect(headers["content-security-policy"]).toContain(`'nonce-${nonce}'`);
        expect(headers["cache-control"]).toBe("no-store");
        return nonce;
      }),
    );
    expect(nonces[0]).not.toBe(nonces[1]);
  });

  test("a picture is kept for ever under the version of its content, and asked for again under another", async () => {
    const { id, version } = await imageNamed("a.png");
    for (const what of ["thumb", "image"]) {
      const current = await send(`/api/images/${id}/${what}?v=${version}`);
      expect(current.headers["cache-control"]).toBe("private, max-age=31536000, immutable");
      const other = await send(`/api/images/${id}/${what}?v=0`);
      expect(other.headers["cache-control"]).toBe("no-cache");
      const headers = { "if-none-match": other.headers.etag! };
      const again = await send(`/api/images/${id}/${what}?v=0`, { headers });
      expect(again).toMatchObject({ status: 304, text: "" });
    }
    expect((await send("/api/project")).headers["cache-control"]).toBe("no-store");
  });
});

describe("what is bounded", () => {
  /** Sends a head and a beginning of a body, and no more of it; resolves with what is answered. */
  function answerTo(head: readonly string[], body = ""): Promise<string> {
    return new Promise((resolve) => {
      const socket = connect({ host: "127.0.0.1", port: studio.port });
      let text = "";
      socket.on("data", (piece: Buffer) => (text += piece.toString()));
      socket.on("error", () => undefined).on("close", () => resolve(text));
      const own = [`Host: localhost:${studio.port}`, `${tokenHeader}: ${studio.token}`];
      socket.write([head[0], ...own, ...head.slice(1), "", ""].join("\r\n"));
      socket.write(body);
    });
  }
  const posted = ["POST /api/classes HTTP/1.1", "Content-Type: application/json"] as const;

  test("a body that is too large is refused before it is read", async () => {
    const head = [...posted, `Content-Length: ${2 << 20}`, "Connection: close"];
    expect(await answerTo(head)).toMatch(/^HTTP\/1.1 413 /);
  });

  test("a body of unknown length is cut off where it becomes too large", async () => {
    const head = [...posted, "Transfer-Encoding: chunked", "Connection: close"];
    const piece = "x".repeat(1 << 16);
    // One piece more than the server takes: what is written into a closed connection could hide the answer.
    const body = `${piece.length.toString(16)}\r\n${piece}\r\n`.repeat(17);
    expect(await answerTo(head, body)).toMatch(/^HTTP\/1.1 413 /);
  });

  test("bodies that are no JSON, of another type, or of another shape are refused with a reason", async () => {
    const post = (body: string, type = "application/json"): Promise<Answer> =>
      send("/api/classes", { method: "POST", headers: { "content-type": type }, body });
    expect(await post("{")).toMatchObject({ status: 400 });
    expect(await post('{"name":"x"}', "text/plain")).toMatchObject({ status: 415 });
    const { status, text } = await post('{"name":5}');
    expect(status).toBe(400);
    expect(JSON.parse(text)).toMatchObject({ code: "invalid-input" });
  });

  test("1,000 open streams of events: a few are served, the others refused, and the server goes on", async () => {
    const controller = new AbortController();
    // All are kept: a response that nobody holds would be ended by its collector.
    const responses = await Promise.all(
      Array.from({ length: 1000 }, () =>
        studio.request("/api/events", { signal: controller.signal }),
      ),
    );
    const statuses = responses.map(({ status }) => status);
    const served = statuses.filter((status) => status === 200).length;
    expect(served).toBeGreaterThan(10);
    expect(served).toBeLessThanOrEqual(64);
    expect(statuses.filter((status) => status === 503)).toHaveLength(1000 - served);
    expect((await studio.request("/api/health")).status).toBe(200);
    controller.abort();
    await waitUntil(async () => {
      const again = new AbortController();
      const { status } = await studio.request("/api/events", { signal: again.signal });
      again.abort();
      return status === 200;
    });
  });

  test("a request that does not come to its end is given up, in its head or in its body", async () => {
    const patience = { head: 200, whole: 400, look: 50 };
    const app = new Hono().post("/", async (c) => c.text(await c.req.text()));
    const listening = await listen(app.fetch, { port: 0, patience });
    const answerTo = (text: string): Promise<string> =>
      new Promise((resolve) => {
        const socket = connect({ host: "127.0.0.1", port: listening.port });
        let answer = "";
        socket.on("data", (piece: Buffer) => (answer += piece.toString()));
        socket.on("error", () => undefined).on("close", () => resolve(answer));
        socket.write(text);
      });
    const [head, body] = await Promise.all([
      answerTo("POST / HTTP/1.1\r\nHost: local"),
      answerTo("POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n\r\nslow"),
    ]);
    expect([head, body]).toEqual(
      [408, 408].map((code) => expect.stringMatching(`^HTTP/1.1 ${code}`)),
    );
    await listening.close();
  });

  test("500 connections that send a letter at a time keep nobody else from being answered", async () => {
    const slow = Array.from({ length: 500 }, () => {
      const socket = connect({ host: "127.0.0.1", port: studio.port });
      socket.on("error", () => undefined);
      socket.write("POST /api/classes HTTP/1.1\r\nHost: local");
      return socket;
    });
    expect((await studio.request("/api/health")).status).toBe(200);
    for (const socket of slow) socket.destroy();
  });
});
