import { rm } from "node:fs/promises";
import { dirname } from "node:path";
import { createHash } from "node:crypto";
import type { CheckedHubCopy, HubEvent, HubFile } from "../../hub.ts";
import { orUnwritable } from "../files/file-error.ts";
import { makeFolder } from "../files/make-folder.ts";
import { ProcessLock } from "../files/process-lock.ts";
import type { HubCache } from "./cache.ts";
import type { HubAnswer, HubConnection } from "./connection.ts";
import { digestsOf } from "./digest.ts";
import { complete, type DownloadOptions } from "./download.ts";
import { HubFailure } from "./failure.ts";
import { Retries } from "./retries.ts";

export interface FetchOptions extends DownloadOptions {
  /** Waits for a number of seconds. */
  readonly sleep: (seconds: number, signal: AbortSignal) => Promise<void>;
}

/** Seconds between two looks at a file that another process is fetching. */
const lockPause = 0.5;

/** Fetches a file into the cache, with new attempts after failures that may pass. */
export async function* fetchInto(
  cache: HubCache,
  connection: HubConnection,
  file: HubFile,
  options: FetchOptions,
): AsyncGenerator<HubEvent, CheckedHubCopy> {
  const { signal, sleep } = options;
  const retries = new Retries();
  for (;;) {
    const attempt = fetchOnce(cache, connection, file, options);
    try {
      let next = await attempt.next();
      for (; !next.done; next = await attempt.next()) {
        if (next.value.type === "download") retries.progress(next.value.done);
        yield next.value;
      }
      return next.value;
    } catch (error) {
      signal.throwIfAborted();
      if (!(error instanceof HubFailure)) throw error;
      const seconds = retries.pauseAfter(error);
      yield { type: "download-pause", file, reason: error.message, seconds };
      await sleep(seconds, signal);
    } finally {
      // A consumer that leaves must not leave the lock behind.
      await attempt.return(undefined as never);
    }
  }
}

/** Asks the hub once, then fetches the content, or waits for another process that does. */
async function* fetchOnce(
  cache: HubCache,
  connection: HubConnection,
  file: HubFile,
  options: FetchOptions,
): AsyncGenerator<HubEvent, CheckedHubCopy> {
  const answer = await connection.locate(file, options.signal);
  const key = answer.digest ?? keyOf(file, answer);
  const path = cache.lockFile(file.repository, key);
  await makeFolder(dirname(path));
  let lock = await orUnwritable(path, ProcessLock.take(path));
  if (!(lock instanceof ProcessLock)) {
    const { pid, host } = lock.owner;
    const place = host === undefined ? "" : ` of ${host}`;
    const who = pid === undefined ? "another process" : `process ${pid}${place}`;
    yield { type: "download-pause", file, reason: `${who} is fetching it`, seconds: undefined };
    while (!(lock instanceof ProcessLock)) {
      await options.sleep(lockPause, options.signal);
      lock = await orUnwritable(path, ProcessLock.take(path));
    }
  }
  try {
    return yield* fetchLocked(cache, connection, file, answer, key, options);
  } finally {
    await answer.response?.body?.cancel().catch(() => undefined);
    await lock.release();
  }
}

async function* fetchLocked(
  cache: HubCache,
  connection: HubConnection,
  file: HubFile,
  answer: HubAnswer,
  key: string,
  options: FetchOptions,
): AsyncGenerator<HubEvent, CheckedHubCopy> {
  const adopted = await cache.adopt(file, answer);
  if (adopted) {
    const { sha256 } = await digestsOf(adopted.path, options.signal);
    return { ...adopted, sha256, cached: true };
  }
  const partial = cache.partialFile(file.repository, key);
  try {
    const { sha256 } = yield* complete(connection, file, answer, partial, options);
    if (answer.digest === undefined) {
      const message =
        "the server names no digest, so only the size of what arrived was checked: compare its " +
        `SHA-256 with that on the page of ${file.repository}: ${sha256}`;
      yield { type: "unverified", file, message };
    }
    const copy = await cache.store(file, answer, partial, sha256);
    return { ...copy, sha256, cached: false };
  } catch (error) {
    if (error instanceof HubFailure && error.code === "hub-range")
      await rm(partial, { force: true });
    throw error;
  }
}

/** A name for the content of an answer without a digest. */
function keyOf(file: HubFile, { tag = "", size, url }: HubAnswer): string {
  const words = [url.origin, file.repository, file.revision, file.file, tag, String(size ?? "")];
  return createHash("sha256").update(words.join("\n")).digest("hex").slice(0, 40);
}
