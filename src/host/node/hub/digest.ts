import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";

/** Digests of a file's content, in hexadecimal digits. */
export interface Digests {
  readonly sha256: string;
  /** The name that git gives the content: SHA-1 of `blob SIZE`, a zero byte and the bytes. */
  readonly git: string;
}

/** Reads a file whole and computes its digests. */
export async function digestsOf(path: string, signal: AbortSignal): Promise<Digests> {
  const { size } = await stat(path);
  const sha256 = createHash("sha256");
  const git = createHash("sha1").update(`blob ${size}\0`);
  for await (const piece of createReadStream(path, { highWaterMark: 1 << 20 })) {
    signal.throwIfAborted();
    sha256.update(piece as Uint8Array);
    // Git names small files only.
    if (size < 1 << 26) git.update(piece as Uint8Array);
  }
  return { sha256: sha256.digest("hex"), git: git.digest("hex") };
}

/** Whether a content has a digest of the hub, either of the two kinds. */
export function hasDigest({ sha256, git }: Digests, digest: string): boolean {
  return digest === (digest.length === 64 ? sha256 : git);
}
