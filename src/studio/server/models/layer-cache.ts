import { createHash } from "node:crypto";
import { readdir, readFile, rm, stat } from "node:fs/promises";
import { join } from "node:path";

/** Most bytes of all stored layers; the ones that were not looked at for longest go first. */
const mostBytes = 1 << 30;

/** Files of what a model sees, by what they depend on; all of them can be made again. */
export class LayerCache {
  /** Bytes by path, least recently used first. */
  private readonly files = new Map<string, number>();
  private bytes = 0;

  private constructor(
    private readonly folder: string,
    private readonly limit: number,
  ) {}

  static async open(folder: string, limit = mostBytes): Promise<LayerCache> {
    const cache = new LayerCache(folder, limit);
    const names = await readdir(folder, { recursive: true }).catch(() => []);
    const found: { path: string; size: number; used: number }[] = [];
    for (const name of names) {
      const path = join(folder, name);
      const info = await stat(path).catch(() => undefined);
      if (info?.isFile()) found.push({ path, size: info.size, used: info.mtimeMs });
    }
    for (const { path, size } of found.sort((a, b) => a.used - b.used)) cache.count(path, size);
    await cache.trim();
    return cache;
  }

  /** Paths for the layers and the affinity of something. @param facts all that they depend on */
  paths(model: string, facts: unknown): { readonly layers: string; readonly affinity: string } {
    const digest = createHash("sha256").update(JSON.stringify(facts)).digest("hex").slice(0, 32);
    const path = join(this.folder, model, digest);
    return { layers: `${path}.layers`, affinity: `${path}.affinity` };
  }

  /** A stored file; undefined if there is none. */
  async read(path: string): Promise<Uint8Array | undefined> {
    const size = this.files.get(path);
    if (size === undefined) return undefined;
    try {
      const bytes = await readFile(path);
      this.forget(path);
      this.count(path, bytes.length);
      return bytes;
    } catch {
      this.forget(path);
      return undefined;
    }
  }

  has(path: string): boolean {
    return this.files.has(path);
  }

  /** Takes a file into account that was written. */
  async added(path: string, size: number): Promise<void> {
    this.forget(path);
    this.count(path, size);
    await this.trim();
  }

  /** Removes the layers of a model. */
  async remove(model: string): Promise<void> {
    const folder = join(this.folder, model);
    for (const path of this.files.keys()) if (path.startsWith(`${folder}/`)) this.forget(path);
    await rm(folder, { recursive: true, force: true });
  }

  private count(path: string, size: number): void {
    this.files.set(path, size);
    this.bytes += size;
  }

  private forget(path: string): void {
    this.bytes -= this.files.get(path) ?? 0;
    this.files.delete(path);
  }

  private async trim(): Promise<void> {
    for (const path of this.files.keys()) {
      if (this.bytes <= this.limit) return;
      this.forget(path);
      await rm(path, { force: true });
    }
  }
}
