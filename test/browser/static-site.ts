import { once } from "node:events";
import { existsSync, readFileSync } from "node:fs";
import { createServer, type OutgoingHttpHeaders, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { extname, join } from "node:path";

const types: Readonly<Record<string, string>> = {
  ".html": "text/html",
  ".js": "text/javascript",
  ".mjs": "text/javascript",
  ".css": "text/css",
  ".wasm": "application/wasm",
  ".txt": "text/plain",
};

/** Where the site lies on its host. */
const below = "/some/where/";

/** A folder on a plain static host, below a sub-path. */
export class StaticSite {
  /** Paths that were asked for, in this order. */
  readonly requests: string[] = [];
  private server: Server | undefined;
  private port = 0;

  /** @param folder what is served, which may change, as by a new deployment */
  constructor(
    public folder: string,
    private readonly headers: OutgoingHttpHeaders = {},
  ) {}

  get url(): string {
    return `http://127.0.0.1:${this.port}${below}`;
  }

  /** Starts the server, again at the same address. */
  async start(): Promise<void> {
    this.server = createServer(({ url = "/" }, response) => {
      this.requests.push(url);
      const path = new URL(url, "http://localhost").pathname;
      const file = join(this.folder, path.slice(below.length) || "index.html");
      if (!path.startsWith(below) || !existsSync(file)) return void response.writeHead(404).end();
      const type = types[extname(file)] ?? "application/octet-stream";
      response.writeHead(200, { ...this.headers, "content-type": type }).end(readFileSync(file));
    });
    await once(this.server.listen(this.port, "127.0.0.1"), "listening");
    this.port = (this.server.address() as AddressInfo).port;
  }

  async stop(): Promise<void> {
    if (!this.server?.listening) return;
    const closed = once(this.server, "close");
    this.server.close();
    this.server.closeAllConnections();
    await closed;
  }
}
