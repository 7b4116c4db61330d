import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { readFileSync } from "node:fs";
import { createServer, connect } from "node:net";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { createHub } from "../../../../src/host/node/hub/hub.ts";
import {
  blobs,
  bytes,
  environment,
  fetchFile,
  file,
  partial,
  serveHub,
  server,
  sha256,
  storageRanges,
} from "./local.ts";

serveHub();

test("an aborted signal ends a download and keeps what has arrived", async () => {
  server.faults = ({ host, earlier }) =>
    host === "storage" && earlier === 0 ? { stallAfter: 3000 } : undefined;
  const controller = new AbortController();
  const hub = createHub({ env: environment() });
  const reason = new Error("enough");
  const events = hub.fetch(file, { signal: controller.signal });
  const ending = (async () => {
    for await (const event of events) {
      if (event.type === "download" && event.done === 3000) controller.abort(reason);
    }
  })();
  await expect(ending).rejects.toBe(reason);
  expect(readFileSync(partial())).toEqual(bytes.subarray(0, 3000));
  await fetchFile();
  expect(storageRanges()).toEqual([undefined, "bytes=3000-"]);
});

test("a proxy of the environment is used", async () => {
  const asked: string[] = [];
  const proxy = createServer((client) => {
    client.once("data", (head) => {
      const [, host = "", port = ""] = /^CONNECT ([^:]+):(\d+)/.exec(head.toString()) ?? [];
      asked.push(`${host}:${port}`);
      const target = connect(Number(port), host, () => {
        client.write("HTTP/1.1 200 OK\r\n\r\n");
        client.pipe(target).pipe(client);
      });
      client.on("error", () => target.destroy());
      target.on("error", () => client.destroy());
    });
  });
  await new Promise<void>((resolve) => proxy.listen(0, "127.0.0.1", resolve));
  const { port } = proxy.address() as AddressInfo;
  const { copy } = await fetchFile(file, { HTTP_PROXY: `http://127.0.0.1:${port}`, NO_PROXY: "" });
  expect(copy.sha256).toBe(sha256);
  expect(asked).toContain(new URL(server.endpoint).host);
  await new Promise((resolve) => proxy.close(resolve));
});

describe("processes", () => {
  const script = join(import.meta.dirname, "../../../hub/fetch.ts");
  const start = (): ChildProcess & { output: string } => {
    const child = spawn(process.execPath, ["--import", "tsx", script, file.repository, file.file], {
      env: { ...process.env, ...environment(), NODE_OPTIONS: "" },
    }) as ChildProcess & { output: string };
    child.output = "";
    child.stdout!.on("data", (text) => (child.output += String(text)));
    child.stderr!.on("data", (text) => (child.output += String(text)));
    return child;
  };
  const ended = (child: ChildProcess): Promise<number | null> =>
    new Promise((resolve) => child.once("exit", resolve));
  const until = async (child: { output: string }, pattern: RegExp): Promise<void> => {
    await expect.poll(() => child.output).toMatch(pattern);
  };

  test("two at once fetch once; a killed one leaves its part to the next", async () => {
    server.faults = ({ host, earlier }) =>
      host === "storage" && earlier === 0 ? { stallAfter: 3000 } : undefined;
    const first = start();
    await until(first, /"done":3000/);
    const second = start();
    await until(second, new RegExp(`process ${first.pid} is fetching it`));
    first.kill("SIGKILL");
    expect(await ended(second), second.output).toBe(0);
    expect(second.output).toMatch(/"done":3000,.*"resumed":3000/);
    expect(second.output).toContain(sha256);
    expect(storageRanges()).toEqual([undefined, "bytes=3000-"]);
    expect(blobs()).toEqual([sha256]);
  });
});
