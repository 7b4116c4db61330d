import { open, rm, stat, type FileHandle } from "node:fs/promises";
import { dirname } from "node:path";
import { UserError } from "../../../user-error.ts";
import type { DownloadEvent, HubFile } from "../../hub.ts";
import { failure, unwritable } from "../files/file-error.ts";
import { makeFolder } from "../files/make-folder.ts";
import type { Content, HubAnswer, HubConnection } from "./connection.ts";
import { digestsOf, hasDigest, type Digests } from "./digest.ts";
import { HubFailure } from "./failure.ts";

export interface DownloadOptions {
  /** Bytes that are free on the disk of a folder; undefined if that is not known. */
  readonly freeSpace: (folder: string) => Promise<number | undefined>;
  readonly signal: AbortSignal;
}

/**
 * Brings a partial file to its full length, going on where it ends, and checks it. What has arrived stays there if that fails,
 * unless it is wrong.
 */
export async function* complete(
  connection: HubConnection,
  file: HubFile,
  answer: HubAnswer,
  partial: string,
  { freeSpace, signal }: DownloadOptions,
): AsyncGenerator<DownloadEvent, Digests> {
  await makeFolder(dirname(partial));
  const start = await reusable(partial, answer);
  if (start === undefined || start !== answer.size) {
    const content = await connection.open(answer, start ?? 0, signal);
    const total = answer.size ?? content.size;
    if (total === undefined) {
      throw new HubFailure("the server names no size, so that a cut download would not be noticed");
    }
    if (content.size !== undefined && content.size > total) throw tooLong(content.size, total);
    await checkSpace(partial, total - content.start, freeSpace);
    yield { type: "download", file, done: content.start, total, resumed: content.start };
    yield* append(connection, file, content, answer.url, { partial, total, signal });
  } else {
    await answer.response?.body?.cancel().catch(() => undefined);
  }
  const digests = await digestsOf(partial, signal);
  if (answer.digest !== undefined && !hasDigest(digests, answer.digest)) {
    await rm(partial, { force: true });
    throw new HubFailure(
      `what arrived has another digest than the hub names: ${answer.digest.length === 64 ? digests.sha256 : digests.git}, ` +
        `not ${answer.digest}`,
      // The part that was here before may be what is wrong.
      { code: "hub-damaged", passing: start !== undefined && start > 0, retryAfter: 0 },
    );
  }
  return digests;
}

/** Bytes of a partial file that a download can go on from; undefined for none. */
async function reusable(partial: string, answer: HubAnswer): Promise<number | undefined> {
  const { size, digest, tag } = answer;
  if (size === undefined || (digest === undefined && tag === undefined)) return undefined;
  const there = await stat(partial).then(
    (stats) => stats.size,
    () => 0,
  );
  return there <= size && there > 0 ? there : undefined;
}

/** Appends a response to a partial file, which is cut back to the response's start before. */
async function* append(
  connection: HubConnection,
  file: HubFile,
  { response, start }: Content,
  url: URL,
  options: {
    readonly partial: string;
    readonly total: number;
    readonly signal: AbortSignal;
  },
): AsyncGenerator<DownloadEvent, void> {
  const { partial, total, signal } = options;
  let done = start;
  const handle = await openAt(partial, start);
  try {
    for await (const piece of bodyOf(connection, response, url, signal)) {
      if (done + piece.length > total) {
        await rm(partial, { force: true });
        throw tooLong(done + piece.length, total);
      }
      await handle.appendFile(piece).catch((error: unknown) => {
        throw fullDisk(partial, error);
      });
      done += piece.length;
      yield { type: "download", file, done, total, resumed: start };
    }
    await handle.sync();
  } finally {
    await handle.close();
  }
  if (done < total) {
    throw new HubFailure(`the content ended after ${done} of ${total} bytes`, { passing: true });
  }
}

/** The pieces of a response; a cut connection is a HubFailure. */
async function* bodyOf(
  connection: HubConnection,
  { body }: Content["response"],
  url: URL,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array, void> {
  if (body === null) return;
  const reader = body.getReader();
  try {
    for (;;) {
      const { done, value } = await reader.read().catch((error: unknown) => {
        signal.throwIfAborted();
        throw connection.explain(error, url);
      });
      if (done) return;
      yield value as Uint8Array;
    }
  } finally {
    await reader.cancel().catch(() => undefined);
  }
}

async function openAt(partial: string, start: number): Promise<FileHandle> {
  let handle: FileHandle | undefined;
  try {
    handle = await open(partial, "a");
    // A device has no length.
    if ((await handle.stat()).isFile()) await handle.truncate(start);
    return handle;
  } catch (error) {
    await handle?.close().catch(() => undefined);
    throw unwritable(partial, error);
  }
}

async function checkSpace(
  partial: string,
  bytes: number,
  freeSpace: DownloadOptions["freeSpace"],
): Promise<void> {
  const folder = dirname(partial);
  const free = await freeSpace(folder);
  if (free === undefined || free >= bytes) return;
  throw new UserError(
    `${folder}: ${megabytes(free)} are free, but ${megabytes(bytes)} are still to come; ${spaceHelp}`,
    { code: "disk-full" },
  );
}

const spaceHelp = "free some space, or name a folder on another disk in HF_HUB_CACHE";

function fullDisk(partial: string, error: unknown): UserError {
  const code = (error as NodeJS.ErrnoException).code ?? "";
  if (code !== "ENOSPC" && code !== "EDQUOT") return unwritable(partial, error);
  const full = failure(`${partial}: cannot be written`, error).message.split(";")[0];
  return new UserError(`${full}; ${spaceHelp}`, { code: "disk-full", cause: error });
}

function tooLong(bytes: number, total: number): HubFailure {
  return new HubFailure(`the server sends ${bytes} bytes or more, but the hub names ${total}`, {
    code: "hub-damaged",
  });
}

function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(1)} MB`;
}
