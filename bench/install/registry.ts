import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { readFile } from "node:fs/promises";
import { type Server, createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { basename } from "node:path";
import { createGunzip } from "node:zlib";
import { extract } from "tar-stream";
import type { Manifest } from "../../scripts/pack/sources.ts";

/** A registry on this machine that has these packed packages, each in one version, and no others. */
export class PackedRegistry {
  private constructor(private readonly server: Server) {}

  static async start(tarballs: readonly string[]): Promise<PackedRegistry> {
    const answers = new Map<string, () => Promise<Buffer>>();
    const server = createServer((request, response) => {
      const path = decodeURIComponent(request.url ?? "");
      const answer = answers.get(path);
      if (!answer) return void response.writeHead(404).end("{}");
      answer().then(
        (body) => response.end(body),
        () => response.writeHead(500).end(),
      );
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const registry = new PackedRegistry(server);
    for (const file of tarballs) {
      const manifest = await manifestOf(file);
      const { name, version } = manifest;
      const packed = await readFile(file);
      const integrity = `sha512-${createHash("sha512").update(packed).digest("base64")}`;
      const dist = { tarball: `${registry.url}${basename(file)}`, integrity };
      const document = {
        name,
        "dist-tags": { latest: version },
        versions: { [version]: { ...manifest, dist } },
      };
      answers.set(`/${name}`, async () => Buffer.from(JSON.stringify(document)));
      answers.set(`/${basename(file)}`, () => readFile(file));
    }
    return registry;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}/`;
  }

  async close(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }
}

/** The package.json in a packed package. */
async function manifestOf(file: string): Promise<Manifest> {
  const unpacked = createReadStream(file).pipe(createGunzip()).pipe(extract());
  for await (const entry of unpacked) {
    if (entry.header.name !== "package/package.json") {
      entry.resume();
      continue;
    }
    const chunks: Buffer[] = [];
    for await (const chunk of entry) chunks.push(chunk as Buffer);
    return JSON.parse(Buffer.concat(chunks).toString()) as Manifest;
  }
  throw new Error(`${file}: has no package.json`);
}
