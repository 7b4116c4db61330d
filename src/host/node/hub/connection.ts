import type { EnvHttpProxyAgent, Response } from "undici";
import type { HubFile } from "../../hub.ts";
import { packageVersion } from "../version.ts";
import type { FileIdentity } from "./cache.ts";
import type { Environment } from "./environment.ts";
import { connectionFailure, HubFailure, refusalOf, retryAfterOf } from "./failure.ts";
import { isCommit } from "./names.ts";

/** Redirects that are followed in a row. */
const mostRedirects = 10;

export interface ConnectionOptions {
  readonly endpoint: string;
  readonly token: string | undefined;
  readonly env: Environment;
  /** Seconds without an answer or a byte after which a connection counts as cut. */
  readonly patience: number;
}

/** The hub's own answer about a file. */
export interface HubAnswer extends FileIdentity {
  /** Bytes of the file; undefined if the hub leaves it to the server that it redirects to. */
  readonly size: number | undefined;
  /** Address of the content. */
  readonly url: URL;
  /** The response with the content, if the hub sends it itself. */
  readonly response: Response | undefined;
  /** A name of this version of the content that only the server understands. */
  readonly tag: string | undefined;
}

/** A response with the content of a file, or the end of it. */
export interface Content {
  readonly response: Response;
  /** Position of its first byte in the file. */
  readonly start: number;
  /** Bytes of the whole file; undefined if the server does not say. */
  readonly size: number | undefined;
}

/** Requests to a hub. Its token goes to the hub's own host alone. */
export class HubConnection {
  private constructor(
    private readonly options: ConnectionOptions,
    private readonly undici: typeof import("undici"),
    private readonly agent: EnvHttpProxyAgent,
  ) {}

  /** Prepares requests; the first one opens a connection. */
  static async open(options: ConnectionOptions): Promise<HubConnection> {
    const undici = await import("undici");
    const { env, patience } = options;
    const milliseconds = patience * 1000;
    const httpProxy = env["http_proxy"] ?? env["HTTP_PROXY"];
    const httpsProxy = env["https_proxy"] ?? env["HTTPS_PROXY"];
    const noProxy = env["no_proxy"] ?? env["NO_PROXY"];
    const agent = new undici.EnvHttpProxyAgent({
      connect: { timeout: milliseconds },
      headersTimeout: milliseconds,
      bodyTimeout: milliseconds,
      ...(httpProxy !== undefined && { httpProxy }),
      ...(httpsProxy !== undefined && { httpsProxy }),
      ...(noProxy !== undefined && { noProxy }),
    });
    return new HubConnection(options, undici, agent);
  }

  /** Asks the hub for a file. A refusal is a HubFailure. */
  async locate(file: HubFile, signal: AbortSignal): Promise<HubAnswer> {
    const { endpoint, token } = this.options;
    const { repository, revision } = file;
    const path = file.file.split("/").map(encodeURIComponent).join("/");
    let url = new URL(`${endpoint}/${repository}/resolve/${encodeURIComponent(revision)}/${path}`);
    let commit: string | undefined;
    let linkedTag: string | undefined;
    let linkedSize: number | undefined;
    for (let hop = 0; hop < mostRedirects; hop++) {
      const response = await this.send(url, {}, signal);
      const { headers, status } = response;
      const refusal = refusalOf(file, response, token !== undefined);
      if (refusal) {
        await discard(response);
        throw refusal;
      }
      commit = commitOf(headers.get("x-repo-commit")) ?? commit;
      linkedTag = headers.get("x-linked-etag") ?? linkedTag;
      linkedSize = wholeNumber(headers.get("x-linked-size")) ?? linkedSize;
      const target = redirectOf(response, url);
      const isContent = target === undefined;
      if (isContent && status !== 200) {
        await discard(response);
        throw new HubFailure(`the hub answers with the status ${status}, which no file has`);
      }
      if (!isContent) await discard(response);
      if (isContent || !this.isOwn(target)) {
        const tag = linkedTag ?? (isContent ? headers.get("etag") : null) ?? undefined;
        const size = linkedSize ?? (isContent ? wholeSize(response) : undefined);
        return {
          commit,
          digest: digestOf(tag),
          tag,
          size,
          url: target ?? url,
          response: isContent ? response : undefined,
        };
      }
      url = target;
    }
    throw new HubFailure(`the hub redirects more than ${mostRedirects} times`);
  }

  /** Opens the content of a file from a byte on. Servers that cannot send a part send the whole. */
  async open(answer: HubAnswer, start: number, signal: AbortSignal): Promise<Content> {
    if (answer.response && start === 0) {
      return { response: answer.response, start: 0, size: wholeSize(answer.response) };
    }
    if (answer.response) await discard(answer.response);
    let { url } = answer;
    const { tag } = answer;
    const range: Record<string, string> = start === 0 ? {} : { range: `bytes=${start}-` };
    // Without a digest only the server can tell whether the content is still the same.
    if (start > 0 && answer.digest === undefined && tag !== undefined) range["if-range"] = tag;
    for (let hop = 0; hop < mostRedirects; hop++) {
      const response = await this.send(url, range, signal);
      const { status } = response;
      const target = redirectOf(response, url);
      if (target !== undefined) {
        await discard(response);
        url = target;
        continue;
      }
      if (status === 200) return { response, start: 0, size: wholeSize(response) };
      if (status === 206 && start > 0) return partOf(response, start);
      await discard(response);
      throw contentFailure(response, url);
    }
    throw new HubFailure(`${url.host} redirects more than ${mostRedirects} times`);
  }

  /** Ends all connections. */
  async close(): Promise<void> {
    await this.agent.destroy();
  }

  /** Reason of a failed transfer of content. */
  explain(error: unknown, url: URL): HubFailure {
    if (error instanceof HubFailure) return error;
    const { env } = this.options;
    const proxy = ["HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy"].find(
      (name) => env[name],
    );
    const help = [
      env["HF_ENDPOINT"] ? "; HF_ENDPOINT names this hub" : "",
      proxy === undefined ? "; behind a proxy, set HTTPS_PROXY" : `; ${proxy} names a proxy`,
    ];
    return connectionFailure(error, url.host, help.join(""));
  }

  private async send(
    url: URL,
    extra: Readonly<Record<string, string>>,
    signal: AbortSignal,
  ): Promise<Response> {
    const { token } = this.options;
    try {
      return await this.undici.fetch(url, {
        dispatcher: this.agent,
        redirect: "manual",
        headers: {
          "accept-encoding": "identity",
          "user-agent": `tag2mask/${packageVersion()}`,
          ...extra,
          ...(token !== undefined && this.isOwn(url) && { authorization: `Bearer ${token}` }),
        },
        signal,
      });
    } catch (error) {
      signal.throwIfAborted();
      throw this.explain(error, url);
    }
  }

  private isOwn(url: URL): boolean {
    return url.origin === new URL(this.options.endpoint).origin;
  }
}

/** The address that a response redirects to; undefined if it does not. */
function redirectOf({ status, headers }: Response, from: URL): URL | undefined {
  if (![301, 302, 303, 307, 308].includes(status)) return undefined;
  const location = headers.get("location") ?? "";
  const to = URL.canParse(location, from.href) ? new URL(location, from) : undefined;
  if (to === undefined || location === "" || !/^https?:$/.test(to.protocol)) {
    throw new HubFailure(`${from.host} redirects to no address of the web`);
  }
  if (from.protocol === "https:" && to.protocol === "http:") {
    throw new HubFailure(
      `${from.host} redirects to ${to.host} without encryption, which is refused`,
    );
  }
  return to;
}

function contentFailure({ status, headers }: Response, { host }: URL): HubFailure {
  if (status === 416) {
    return new HubFailure(`${host} has no bytes after those that are here (416)`, {
      code: "hub-range",
      passing: true,
      retryAfter: 0,
    });
  }
  // Links to storage are signed for a while: a new one may do.
  return new HubFailure(`${host} refuses the content (${status})`, {
    passing: true,
    retryAfter: retryAfterOf(headers),
  });
}

function partOf(response: Response, start: number): Content {
  const range = /^bytes (\d+)-\d+\/(\d+|\*)$/.exec(response.headers.get("content-range") ?? "");
  if (Number(range?.[1] ?? NaN) !== start) {
    throw new HubFailure("the server sends another part of the file than it was asked for", {
      code: "hub-range",
      passing: true,
      retryAfter: 0,
    });
  }
  return { response, start, size: range![2] === "*" ? undefined : Number(range![2]) };
}

/** Bytes of a whole response; undefined if it is compressed or does not say. */
function wholeSize({ headers }: Response): number | undefined {
  const encoding = headers.get("content-encoding") ?? "identity";
  return encoding === "identity" ? wholeNumber(headers.get("content-length")) : undefined;
}

function wholeNumber(text: string | null): number | undefined {
  return text !== null && /^\d{1,15}$/.test(text) ? Number(text) : undefined;
}

function commitOf(text: string | null): string | undefined {
  return text !== null && isCommit(text) ? text : undefined;
}

/** SHA-256 or git's SHA-1 in an ETag of the hub, without quotes and the mark of a weak one. */
function digestOf(tag: string | undefined): string | undefined {
  const bare = tag?.replace(/^W\//, "").replace(/^"|"$/g, "");
  return bare !== undefined && /^(?:[0-9a-f]{40}|[0-9a-f]{64})$/.test(bare) ? bare : undefined;
}

/** Gives up the rest of a response. */
async function discard(response: Response): Promise<void> {
  await response.body?.cancel().catch(() => undefined);
}
