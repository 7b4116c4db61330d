import { createHash } from "node:crypto";
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach } from "vitest";
import type { CheckedHubCopy, HubEvent, HubFile } from "../../../../src/host/hub.ts";
import { createHub, type NodeHubOptions } from "../../../../src/host/node/hub/hub.ts";
import { HubServer } from "../../../hub/server.ts";

let root: string;
export const bytes = Buffer.from(Array.from({ length: 5000 }, (_, i) => (i * 7919) >> 3));
export const sha256 = createHash("sha256").update(bytes).digest("hex");
export const file: HubFile = {
  repository: "owner/name",
  revision: "main",
  file: "model.safetensors",
};
export const small: HubFile = { ...file, file: "config/a b.json" };

export let server: HubServer;
export let cache: string;
export let slept: number[];

/** Serves the files while the tests of a file run, each with an empty cache. */
export function serveHub(): void {
  beforeAll(async () => {
    root = mkdtempSync(join(tmpdir(), "tag2mask-hub-"));
    const repositories = join(root, "repositories");
    for (const [name, content] of [
      ["model.safetensors", bytes],
      ["config/a b.json", "{}"],
    ] as const) {
      mkdirSync(dirname(join(repositories, "owner/name", name)), { recursive: true });
      writeFileSync(join(repositories, "owner/name", name), content);
    }
    server = await HubServer.start(repositories);
  });
  beforeEach(() => {
    newCache();
    slept = [];
  });
  afterEach(() => {
    server.faults = () => undefined;
    server.requests.length = 0;
  });
  afterAll(async () => {
    await server.close();
    rmSync(root, { recursive: true, force: true });
  });
}

export const environment = (env: Record<string, string> = {}): Record<string, string> => ({
  HF_ENDPOINT: server.endpoint,
  HF_HUB_CACHE: cache,
  HF_TOKEN_PATH: join(cache, "token"),
  ...env,
});

/** Fetches a file without real pauses; gives the copy and the events. */
export async function fetchFile(
  wanted: HubFile = file,
  env: Record<string, string> = {},
  options: NodeHubOptions & { signal?: AbortSignal } = {},
): Promise<{ copy: CheckedHubCopy; events: HubEvent[] }> {
  const sleep = (seconds: number): Promise<void> => {
    slept.push(seconds);
    return Promise.resolve();
  };
  const hub = createHub({ env: environment(env), sleep, ...options });
  const generator = hub.fetch(wanted, options);
  const events: HubEvent[] = [];
  let next = await generator.next();
  for (; !next.done; next = await generator.next()) events.push(next.value);
  return { copy: next.value, events };
}

export const storageRanges = (): (string | undefined)[] =>
  server.requests.filter(({ host }) => host === "storage").map(({ headers }) => headers.range);
export const blobs = (): string[] =>
  readdirSync(join(cache, "models--owner--name", "blobs")).sort();
export const partial = (): string =>
  join(cache, "models--owner--name", "blobs", `${sha256}.tag2mask-partial`);

/** Goes on with an empty cache. */
export function newCache(): void {
  cache = mkdtempSync(join(root, "cache-"));
}
