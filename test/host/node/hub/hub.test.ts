import { createHash } from "node:crypto";
import {
  existsSync,
  mkdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { createServer, Socket } from "node:net";
import type { AddressInfo } from "node:net";
import { dirname, join } from "node:path";
import { describe, expect, test, vi } from "vitest";
import {
  blobs,
  bytes,
  cache,
  fetchFile,
  file,
  newCache,
  partial,
  serveHub,
  server,
  sha256,
  slept,
  small,
  storageRanges,
} from "./local.ts";

serveHub();

describe("a fetched file", () => {
  test("lies in the layout of the Python library and is not fetched again", async () => {
    const { copy, events } = await fetchFile();
    const commit = server.commitOf("owner/name");
    const top = join(cache, "models--owner--name");
    expect(copy).toEqual({
      path: join(top, "snapshots", commit, "model.safetensors"),
      commit,
      size: 5000,
      sha256,
      cached: false,
    });
    expect(readlinkSync(copy.path)).toBe(`../../blobs/${sha256}`);
    expect(readFileSync(join(top, "blobs", sha256))).toEqual(bytes);
    expect(readFileSync(join(top, "refs", "main"), "utf8")).toBe(commit);
    expect(blobs()).toEqual([sha256]);
    expect(events.at(-1)).toMatchObject({ type: "download", done: 5000, total: 5000, resumed: 0 });
    server.requests.length = 0;
    expect((await fetchFile()).copy).toEqual({ ...copy, cached: true });
    expect((await fetchFile({ ...file, revision: commit })).copy.path).toBe(copy.path);
    expect(server.requests).toEqual([]);
  });

  test("of a few bytes comes from the hub itself and is named by git's digest", async () => {
    const { copy } = await fetchFile(small);
    expect(readlinkSync(copy.path)).toBe(`../../../blobs/${gitDigest("{}")}`);
    expect(server.requests.map(({ host }) => host)).toEqual(["hub"]);
  });

  test("is a file where there are no links", async () => {
    const { copy } = await fetchFile(file, { HF_HUB_DISABLE_SYMLINKS: "1" });
    expect(() => readlinkSync(copy.path)).toThrow();
    expect(readFileSync(copy.path)).toEqual(bytes);
    expect(blobs()).toEqual([]);
  });

  test("that a person put in its place is taken, and a content of another commit is not fetched again", async () => {
    const snapshots = join(cache, "models--owner--name", "snapshots");
    mkdirSync(join(snapshots, "main"), { recursive: true });
    writeFileSync(join(snapshots, "main", "model.safetensors"), bytes);
    expect((await fetchFile()).copy).toMatchObject({ commit: undefined, sha256, cached: true });
    rmSync(snapshots, { recursive: true });
    mkdirSync(join(cache, "models--owner--name", "blobs"));
    writeFileSync(join(cache, "models--owner--name", "blobs", sha256), bytes);
    expect((await fetchFile()).copy).toMatchObject({ sha256, cached: true });
    expect(storageRanges()).toEqual([]);
  });

  test("that has been damaged in the cache is refused", async () => {
    await fetchFile();
    writeFileSync(join(cache, "models--owner--name", "blobs", sha256), "x".repeat(5000));
    await expect(fetchFile()).rejects.toThrow(/copy in the cache is damaged: .* remove .*blobs/);
  });
});

test("offline no connection is opened, and the message says where the file has to lie", async () => {
  const connecting = vi.spyOn(Socket.prototype, "connect");
  try {
    const place = join(cache, "models--owner--name/snapshots/main/model.safetensors");
    for (const name of ["HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE"]) {
      await expect(fetchFile(file, { [name]: "1" })).rejects.toThrow(
        new RegExp(
          `HF_HUB_OFFLINE forbids connections; .*download model.safetensors from ${server.endpoint}/owner/name/tree/main and save it as ${place}`,
        ),
      );
    }
    mkdirSync(dirname(place), { recursive: true });
    writeFileSync(place, bytes);
    expect((await fetchFile(file, { HF_HUB_OFFLINE: "1" })).copy.sha256).toBe(sha256);
    expect(connecting).not.toHaveBeenCalled();
    rmSync(place);
    await fetchFile();
    expect(connecting).toHaveBeenCalled();
  } finally {
    connecting.mockRestore();
  }
});

describe("a token", () => {
  const token = "hf_secret";

  test("goes to the hub alone, from the environment or from the file of a login", async () => {
    writeFileSync(join(cache, "token"), `${token}\n`);
    await fetchFile(file, { HF_TOKEN: "hf_other" });
    await fetchFile(small);
    expect(server.requests.map(({ host, headers }) => [host, headers.authorization])).toEqual([
      ["hub", "Bearer hf_other"],
      ["storage", undefined],
      ["hub", `Bearer ${token}`],
    ]);
  });

  test("follows a relative redirect, as of a repository with a new name, and not one to another host", async () => {
    server.faults = ({ host, path }) =>
      host === "hub" && path.startsWith("/old/")
        ? { status: 307, headers: { location: "/owner/name/resolve/main/model.safetensors" } }
        : undefined;
    const { copy } = await fetchFile({ ...file, repository: "old/name" }, { HF_TOKEN: token });
    expect(copy.sha256).toBe(sha256);
    expect(server.requests.map(({ headers }) => headers.authorization)).toEqual([
      `Bearer ${token}`,
      `Bearer ${token}`,
      undefined,
    ]);
  });

  test("is in no message, even where it is no token at all", async () => {
    await expect(
      fetchFile({ ...file, repository: "no/such" }, { HF_TOKEN: token }),
    ).rejects.toThrow(
      expect.objectContaining({ message: expect.not.stringContaining(token) as string }),
    );
    await expect(fetchFile(file, { HF_TOKEN: "gehe\u00efm" })).rejects.toThrow(
      /^HF_TOKEN: holds characters that no token has/,
    );
  });
});

describe("refused", () => {
  test.each([
    [
      401,
      {},
      "hub-missing",
      /no such repository or file, or it needs a token \(401\); no token was sent/,
    ],
    [404, {}, "hub-missing", /no such repository or file, or it needs a token \(404\)/],
    [403, {}, "hub-gated", /access is gated \(403\): accept its terms/],
    [401, { "x-error-code": "GatedRepo" }, "hub-gated", /access is gated/],
    [
      404,
      { "x-error-code": "EntryNotFound" },
      "hub-missing",
      /has no model.safetensors in the revision main/,
    ],
    [404, { "x-error-code": "RevisionNotFound" }, "hub-missing", /has no revision main/],
    [400, {}, "hub-failed", /answers with an error \(400\)/],
  ])("with %i %j", async (status, headers, code, message) => {
    server.faults = () => ({ status, headers });
    const failing = fetchFile();
    await expect(failing).rejects.toThrow(message);
    await expect(failing).rejects.toThrow(
      expect.objectContaining({
        code,
        message: expect.stringMatching(
          /by hand: download model.safetensors from .* save it as .*snapshots/,
        ) as string,
      }),
    );
    expect(slept).toEqual([]);
  });

  test.each([
    ["../name", "main", "model.safetensors"],
    ["owner/..", "main", "model.safetensors"],
    ["owner/a--b", "main", "model.safetensors"],
    ["owner", "main", "model.safetensors"],
    ["owner/name", "../..", "model.safetensors"],
    ["owner/name", "refs//x", "model.safetensors"],
    ["owner/name", "main", "../../../../x"],
    ["owner/name", "main", "/etc/passwd"],
    ["owner/name", "main", "a\\b"],
    ["owner/name", "main", "a/./b"],
  ])("names that lead out of the cache: %s %s %s", async (repository, revision, name) => {
    await expect(fetchFile({ repository, revision, file: name })).rejects.toThrow(
      /is no repository|is no revision|is no file/,
    );
    expect(server.requests).toEqual([]);
  });

  test.each(["ftp://x", "nonsense", "http://user:secret@127.0.0.1:1", "http://x/?a=b"])(
    "an endpoint such as %s",
    async (endpoint) => {
      await expect(fetchFile(file, { HF_ENDPOINT: endpoint })).rejects.toThrow(
        expect.objectContaining({
          message: expect.stringMatching(/^HF_ENDPOINT: (?!.*secret)/) as string,
        }),
      );
    },
  );
});

describe("after a failure that passes", () => {
  test("another attempt follows, after growing pauses or what the server asks for", async () => {
    server.faults = ({ host, earlier }) => {
      if (host !== "hub") return undefined;
      if (earlier === 2) return { status: 429, headers: { "retry-after": "7" } };
      return earlier < 4 ? { status: 500 } : undefined;
    };
    expect((await fetchFile()).copy.sha256).toBe(sha256);
    expect(slept).toEqual([1, 2, 7, 8]);
  });

  test("that does not pass, the sixth attempt is the last", async () => {
    server.faults = () => ({ status: 503 });
    await expect(fetchFile()).rejects.toThrow(/answers with an error \(503\); by hand/);
    expect(slept).toEqual([1, 2, 4, 8, 16]);
  });

  test("that would take longer than a person waits, the message says how long", async () => {
    server.faults = () => ({ status: 429, headers: { "retry-after": "3600" } });
    await expect(fetchFile()).rejects.toThrow(/too many requests \(429\); try again in 60 minutes/);
    expect(slept).toEqual([]);
  });

  test("a cut download goes on where it ended, and is not given up while bytes come", async () => {
    server.faults = ({ host, earlier }) =>
      host === "storage" && earlier < 8 ? { cutAfter: 600 } : undefined;
    const { copy, events } = await fetchFile();
    expect(copy.sha256).toBe(sha256);
    const starts = storageRanges().map((range) => Number(/\d+/.exec(range ?? "0")![0]));
    expect(starts).toEqual([...starts].sort((one, other) => one - other));
    // Of a piece that arrives together with the cut nothing may be left.
    expect(new Set(starts).size).toBeGreaterThan(6);
    expect(slept).toHaveLength(8);
    expect(events.at(-1)).toMatchObject({ done: 5000, resumed: starts.at(-1) });
  });

  test("a body that is shorter than announced is continued; one that nothing follows is given up", async () => {
    server.faults = ({ host, earlier }) =>
      host === "storage" && earlier === 0 ? { change: (all) => all.subarray(0, 2000) } : undefined;
    expect((await fetchFile()).copy.sha256).toBe(sha256);
    expect(storageRanges()).toEqual([undefined, "bytes=2000-"]);
    newCache();
    server.faults = ({ host }) =>
      host === "storage" ? { change: (all) => all.subarray(0, 2000) } : undefined;
    await expect(fetchFile()).rejects.toThrow(
      /ended after 2000 of 5000 bytes|no bytes after those/,
    );
  });

  test("a connection on which nothing arrives any more counts as cut", async () => {
    server.faults = ({ host, earlier }) =>
      host === "storage" && earlier === 0 ? { stallAfter: 1000 } : undefined;
    const { copy, events } = await fetchFile(file, {}, { patience: 0.2 });
    expect(copy.sha256).toBe(sha256);
    expect(events.find(({ type }) => type === "download-pause")).toMatchObject({
      reason: expect.stringMatching(/nothing arrives any more/) as string,
    });
  });

  test("a slow body is waited for", async () => {
    server.faults = ({ host }) => (host === "storage" ? { slow: 5 } : undefined);
    expect((await fetchFile(file, {}, { patience: 0.2 })).copy.sha256).toBe(sha256);
    expect(slept).toEqual([]);
  });

  test("of the storage, the hub is asked for a new link", async () => {
    server.faults = ({ host, earlier }) =>
      host === "storage" && earlier === 0 ? { status: 403 } : undefined;
    expect((await fetchFile()).copy.sha256).toBe(sha256);
    expect(server.requests.map(({ host }) => host)).toEqual(["hub", "storage", "hub", "storage"]);
  });

  test("an unreachable hub is told at once, with advice", async () => {
    const closed = createServer().listen(0, "127.0.0.1");
    await new Promise((resolve) => closed.once("listening", resolve));
    const { port } = closed.address() as AddressInfo;
    await new Promise((resolve) => closed.close(resolve));
    await expect(fetchFile(file, { HF_ENDPOINT: `http://127.0.0.1:${port}` })).rejects.toThrow(
      /127\.0\.0\.1:\d+: the connection is refused; HF_ENDPOINT names this hub; behind a proxy, set HTTPS_PROXY; by hand/,
    );
    expect(slept).toEqual([]);
  });
});

describe("bytes", () => {
  test("with another digest are refused and not kept", async () => {
    server.faults = ({ host }) =>
      host === "storage" ? { change: (all) => Buffer.from(all).fill(1, 0, 9) } : undefined;
    await expect(fetchFile()).rejects.toThrow(/has another digest than the hub names: .* by hand/);
    expect(blobs()).toEqual([]);
    server.faults = () => ({ change: () => Buffer.from("[]") });
    await expect(fetchFile(small)).rejects.toThrow(/has another digest than the hub names/);
  });

  test("beyond the announced size are refused, whether the server says so or not", async () => {
    for (const without of [[], ["content-length"]]) {
      server.faults = ({ host }) =>
        host === "storage" ? { change: (all) => Buffer.concat([all, all]), without } : undefined;
      await expect(fetchFile()).rejects.toThrow(/sends \d+ bytes or more, but the hub names 5000/);
      expect(blobs()).toEqual([]);
    }
  });

  test("of a damaged partial file are fetched anew", async () => {
    mkdirSync(dirname(partial()), { recursive: true });
    writeFileSync(partial(), Buffer.alloc(2000, 9));
    expect((await fetchFile()).copy.sha256).toBe(sha256);
    expect(storageRanges()).toEqual(["bytes=2000-", undefined]);
  });

  test("come from the beginning where the server sends no parts", async () => {
    mkdirSync(dirname(partial()), { recursive: true });
    writeFileSync(partial(), bytes.subarray(0, 2000));
    server.faults = ({ host }) => (host === "storage" ? { ignoreRange: true } : undefined);
    const { copy, events } = await fetchFile();
    expect([copy.sha256, events[0]]).toMatchObject([sha256, { done: 0, resumed: 0 }]);
  });

  test("that are all here already are only checked", async () => {
    mkdirSync(dirname(partial()), { recursive: true });
    writeFileSync(partial(), bytes);
    expect((await fetchFile()).copy.sha256).toBe(sha256);
    expect(storageRanges()).toEqual([]);
  });

  test("of a mirror that names neither commit nor digest are checked by size, and that is said", async () => {
    server.faults = ({ host }) =>
      host === "hub" ? { without: ["x-repo-commit", "x-linked-etag", "x-linked-size"] } : undefined;
    const { copy, events } = await fetchFile();
    expect(copy).toMatchObject({ commit: undefined, sha256 });
    expect(copy.path).toBe(join(cache, "models--owner--name/snapshots/main/model.safetensors"));
    expect(events.at(-1)).toMatchObject({
      type: "unverified",
      message: expect.stringMatching(new RegExp(`only the size .*${sha256}`)) as string,
    });
    expect((await fetchFile()).copy.cached).toBe(true);
  });

  test("of a server that names no size are refused", async () => {
    server.faults = ({ host }) => ({
      without: host === "hub" ? ["x-linked-etag", "x-linked-size"] : ["content-length"],
    });
    await expect(fetchFile()).rejects.toThrow(/names no size/);
  });

  test("do not come where the disk has no room for them", async () => {
    const freeSpace = (): Promise<number> => Promise.resolve(1000);
    await expect(fetchFile(file, {}, { freeSpace })).rejects.toThrow(
      expect.objectContaining({
        code: "disk-full",
        message: expect.stringMatching(/HF_HUB_CACHE/) as string,
      }),
    );
  });

  test.runIf(existsSync("/dev/full"))("that fill the disk are told as such", async () => {
    mkdirSync(dirname(partial()), { recursive: true });
    symlinkSync("/dev/full", partial());
    await expect(fetchFile()).rejects.toThrow(
      /no space left on the disk; free some space, or .*HF_HUB_CACHE/,
    );
  });
});

function gitDigest(text: string): string {
  return createHash("sha1").update(`blob ${text.length}\0${text}`).digest("hex");
}
