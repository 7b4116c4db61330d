import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";

/** A request as the hub or its storage received it. */
export interface HubRequest {
  readonly host: "hub" | "storage";
  /** Path without the query. */
  readonly path: string;
  readonly headers: IncomingMessage["headers"];
  /** Number of earlier requests to the same host and path. */
  readonly earlier: number;
}

/** A deviation from the right answer. */
export interface Fault {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** Headers of the right answer that are left out. */
  readonly without?: readonly string[];
  /** Changes the bytes of the file. */
  readonly change?: (bytes: Buffer) => Buffer;
  /** Sends the whole file where a part was asked for. */
  readonly ignoreRange?: boolean;
  /** Cuts the connection after this many bytes of the body. */
  readonly cutAfter?: number;
  /** Sends nothing after this many bytes of the body, and keeps the connection. */
  readonly stallAfter?: number;
  /** Milliseconds between pieces of a kilobyte. */
  readonly slow?: number;
}

/** Deviations by request; undefined for the right answer. */
export type Faults = (request: HubRequest) => Fault | undefined;

export interface HubServerOptions {
  readonly faults?: Faults;
  readonly port?: number;
  /** Smallest size in bytes that is kept in the storage, to which the hub redirects; smaller files it sends itself. */
  readonly largeFrom?: number;
  /** The token without which nothing is found. */
  readonly token?: string;
}

/**
 * A hub for tests: serves a folder of repositories, `owner/name/…`, as the Hugging Face Hub does. Large files are redirected to
 * a storage on another port that sends parts.
 */
export class HubServer {
  readonly requests: HubRequest[] = [];
  faults: Faults;

  private constructor(
    private readonly folder: string,
    private readonly options: HubServerOptions,
    private readonly hub: Server,
    private readonly storage: Server,
  ) {
    this.faults = options.faults ?? (() => undefined);
  }

  static async start(folder: string, options: HubServerOptions = {}): Promise<HubServer> {
    const [hub, storage] = [createServer(), createServer()];
    const server = new HubServer(folder, options, hub, storage);
    hub.on("request", (request, response) => server.answer("hub", request, response));
    storage.on("request", (request, response) => server.answer("storage", request, response));
    await listen(hub, options.port ?? 0);
    await listen(storage, 0);
    return server;
  }

  /** Address for HF_ENDPOINT. */
  get endpoint(): string {
    return `http://127.0.0.1:${(this.hub.address() as AddressInfo).port}`;
  }

  /** The commit of a repository: it follows from the names and contents of its files. */
  commitOf(repository: string): string {
    const hash = createHash("sha1");
    for (const file of filesOf(join(this.folder, repository))) {
      hash.update(`${file}\0`).update(readFileSync(join(this.folder, repository, file)));
    }
    return hash.digest("hex");
  }

  async close(): Promise<void> {
    for (const server of [this.hub, this.storage]) {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    }
  }

  private answer(
    host: HubRequest["host"],
    request: IncomingMessage,
    response: ServerResponse,
  ): void {
    const path = decodeURIComponent(new URL(request.url!, "http://x").pathname);
    const earlier = this.requests.filter((one) => one.host === host && one.path === path).length;
    const seen: HubRequest = { host, path, headers: request.headers, earlier };
    this.requests.push(seen);
    const fault = this.faults(seen) ?? {};
    if (fault.status !== undefined && fault.status >= 300) {
      response.writeHead(fault.status, fault.headers).end("fault");
      return;
    }
    if (host === "hub") this.answerAsHub(path, request, response, fault);
    else this.answerAsStorage(path, request, response, fault);
  }

  private answerAsHub(
    path: string,
    request: IncomingMessage,
    response: ServerResponse,
    fault: Fault,
  ): void {
    const [, repository = "", revision = "", file = ""] =
      /^\/([^/]+\/[^/]+)\/resolve\/([^/]+)\/(.+)$/.exec(path) ?? [];
    const { token, largeFrom = 1024 } = this.options;
    const allowed = token === undefined || request.headers.authorization === `Bearer ${token}`;
    const isRepository = repository !== "" && existsSync(join(this.folder, repository));
    if (!allowed || !isRepository) {
      response.writeHead(401, { "x-error-code": "RepoNotFound" }).end();
      return;
    }
    const commit = this.commitOf(repository);
    if (revision !== "main" && revision !== commit) {
      response.writeHead(404, { "x-error-code": "RevisionNotFound" }).end();
      return;
    }
    const source = join(this.folder, repository, file);
    if (!existsSync(source)) {
      response.writeHead(404, { "x-error-code": "EntryNotFound", "x-repo-commit": commit }).end();
      return;
    }
    const bytes = readFileSync(source);
    if (bytes.length < largeFrom) {
      const etag = createHash("sha1").update(`blob ${bytes.length}\0`).update(bytes).digest("hex");
      send(request, response, bytes, { etag: `"${etag}"`, "x-repo-commit": commit }, fault);
      return;
    }
    const { port } = this.storage.address() as AddressInfo;
    const headers: Record<string, string> = {
      // Another name of this machine: the Python library takes one name with two ports for one host.
      location: `http://localhost:${port}/${repository}/${file}?signature=secret`,
      "x-repo-commit": commit,
      "x-linked-etag": `"${createHash("sha256").update(bytes).digest("hex")}"`,
      "x-linked-size": String(bytes.length),
      ...fault.headers,
    };
    response.writeHead(302, without(headers, fault)).end("see there");
  }

  private answerAsStorage(
    path: string,
    request: IncomingMessage,
    response: ServerResponse,
    fault: Fault,
  ): void {
    // A signed link together with a token is refused, as by S3.
    if (request.headers.authorization !== undefined) {
      response.writeHead(400).end();
      return;
    }
    const bytes = readFileSync(join(this.folder, path));
    send(request, response, bytes, { etag: '"storage-1"', "accept-ranges": "bytes" }, fault);
  }
}

function send(
  request: IncomingMessage,
  response: ServerResponse,
  original: Buffer,
  headers: Record<string, string>,
  fault: Fault,
): void {
  const bytes = fault.change ? fault.change(original) : original;
  const range = fault.ignoreRange ? null : /^bytes=(\d+)-$/.exec(request.headers.range ?? "");
  const start = Number(range?.[1] ?? 0);
  if (range && start >= bytes.length) {
    response.writeHead(416, { "content-range": `bytes */${bytes.length}` }).end();
    return;
  }
  const all: Record<string, string> = {
    ...headers,
    "content-length": String(bytes.length - start),
    ...(range && { "content-range": `bytes ${start}-${bytes.length - 1}/${bytes.length}` }),
    ...fault.headers,
  };
  response.writeHead(range ? 206 : 200, without(all, fault));
  const body = bytes.subarray(start);
  const { cutAfter, stallAfter, slow } = fault;
  if (cutAfter !== undefined) {
    // The piece shall be read before the cut.
    response.write(body.subarray(0, cutAfter), () => setTimeout(() => response.destroy(), 40));
  } else if (stallAfter !== undefined) {
    response.write(body.subarray(0, stallAfter));
  } else if (slow !== undefined) {
    void trickle(response, body, slow);
  } else {
    response.end(body);
  }
}

/** Headers without those that a fault leaves out. */
function without(headers: Readonly<Record<string, string>>, fault: Fault): Record<string, string> {
  const left = Object.entries(headers).filter(([name]) => !fault.without?.includes(name));
  return Object.fromEntries(left);
}

async function trickle(response: ServerResponse, body: Buffer, pause: number): Promise<void> {
  for (let at = 0; at < body.length && !response.destroyed; at += 1024) {
    response.write(body.subarray(at, at + 1024));
    await new Promise((resolve) => setTimeout(resolve, pause));
  }
  response.end();
}

function filesOf(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: "utf8" })
    .filter((name) => statSync(join(folder, name)).isFile())
    .sort();
}

function listen(server: Server, port: number): Promise<void> {
  return new Promise((resolve) => server.listen(port, "127.0.0.1", resolve));
}
