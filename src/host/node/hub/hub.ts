import { realpath, statfs } from "node:fs/promises";
import { basename } from "node:path";
import { setTimeout } from "node:timers/promises";
import { UserError } from "../../../user-error.ts";
import type { CheckedHubCopy, Hub, HubCopy, HubEvent, HubFile } from "../../hub.ts";
import { HubCache } from "./cache.ts";
import { HubConnection } from "./connection.ts";
import { digestsOf, hasDigest } from "./digest.ts";
import { hubSettings, readToken, type Environment, type HubSettings } from "./environment.ts";
import { HubFailure } from "./failure.ts";
import { fetchInto, type FetchOptions } from "./fetch.ts";
import { checkHubFile } from "./names.ts";

export interface NodeHubOptions extends Partial<Pick<FetchOptions, "sleep" | "freeSpace">> {
  /** Variables of the environment; those of this process by default. */
  readonly env?: Environment;
  /** Seconds without an answer or a byte after which a connection counts as cut; 60 by default. */
  readonly patience?: number;
}

/** The hub that the environment names, and the cache that it shares with the Python library huggingface_hub. */
export function createHub(options: NodeHubOptions = {}): Hub {
  const { env = process.env } = options;
  return {
    page: (repository, revision = "main") => pageOf(hubSettings(env), repository, revision),
    async find(file) {
      checkHubFile(file);
      return cacheOf(hubSettings(env)).find(file);
    },
    async *fetch(file, { signal: stop } = {}) {
      const controller = new AbortController();
      const abort = (): void => controller.abort(stop?.reason);
      if (stop?.aborted) abort();
      stop?.addEventListener("abort", abort);
      try {
        return yield* fetchFile(file, { ...options, env }, controller.signal);
      } finally {
        stop?.removeEventListener("abort", abort);
      }
    },
  };
}

/** The hub of this process. */
export const nodeHub: Hub = createHub();

async function* fetchFile(
  file: HubFile,
  options: NodeHubOptions & { readonly env: Environment },
  signal: AbortSignal,
): AsyncGenerator<HubEvent, CheckedHubCopy> {
  checkHubFile(file);
  signal.throwIfAborted();
  const { env, patience = 60, sleep = wait, freeSpace = freeBytes } = options;
  const settings = hubSettings(env);
  const cache = cacheOf(settings);
  const here = await cache.find(file);
  if (here) return check(here, file, signal);
  const page = pageOf(settings, file.repository, file.revision);
  const help = `by hand: download ${file.file} from ${page} and save it as ${cache.placeOf(file)}`;
  if (settings.offline) {
    throw new UserError(
      `${file.repository}: ${file.file}: is not in the cache ${settings.cache}, and HF_HUB_OFFLINE forbids connections; ` +
        `unset it, or ${help}`,
      { code: "hub-offline" },
    );
  }
  const token = await readToken(env, settings);
  const { endpoint } = settings;
  const connection = await HubConnection.open({ endpoint, token, env, patience });
  try {
    return yield* fetchInto(cache, connection, file, { sleep, freeSpace, signal });
  } catch (error) {
    signal.throwIfAborted();
    if (!(error instanceof HubFailure)) throw error;
    throw new UserError(`${file.repository}: ${file.file}: ${error.message}; ${help}`, {
      code: error.code,
      cause: error,
    });
  } finally {
    await connection.close();
  }
}

/** Reads a copy in the cache and compares it with the digest that its content is named by. */
async function check(
  copy: HubCopy,
  { repository, file }: HubFile,
  signal: AbortSignal,
): Promise<CheckedHubCopy> {
  const digests = await digestsOf(copy.path, signal);
  const content = await realpath(copy.path);
  const name = basename(content);
  if (/^(?:[0-9a-f]{40}|[0-9a-f]{64})$/.test(name) && !hasDigest(digests, name)) {
    throw new UserError(
      `${repository}: ${file}: the copy in the cache is damaged: its digest is not ${name}; ` +
        `remove ${content} and ${copy.path}, then fetch it again`,
      { code: "hub-damaged" },
    );
  }
  return { ...copy, sha256: digests.sha256, cached: true };
}

function cacheOf({ cache, noLinks }: HubSettings): HubCache {
  return new HubCache(cache, noLinks);
}

function pageOf({ endpoint }: HubSettings, repository: string, revision: string): string {
  return `${endpoint}/${repository}/tree/${revision}`;
}

async function wait(seconds: number, signal: AbortSignal): Promise<void> {
  await setTimeout(seconds * 1000, undefined, { signal });
}

function freeBytes(folder: string): Promise<number | undefined> {
  return statfs(folder).then(
    ({ bavail, bsize }) => bavail * bsize,
    () => undefined,
  );
}
