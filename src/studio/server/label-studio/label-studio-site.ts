import { z } from "zod";
import { inUnits } from "../../../files/text/units.ts";
import { UserError } from "../../../user-error.ts";

/** Most bytes of an image file. */
export const mostImageBytes = 64 << 20;
/** Milliseconds for an image to arrive. */
const patience = 30_000;
/** Redirects that are followed, within Label Studio's own address. */
const mostRedirects = 3;
/** Milliseconds that a short-lived token is used for; it is valid for 5 minutes. */
const tokenTime = 4 * 60_000;

/** A running Label Studio, whose images are read with its own key. */
export class LabelStudioSite {
  private bearer: { readonly value: string; readonly until: number } | undefined;

  /** @param key an access token: a legacy one, or a personal one, which is exchanged for others that are valid for minutes */
  constructor(
    readonly base: URL,
    private readonly key: string | undefined,
  ) {}

  /** Whether both reach the same with the same key. */
  equals({ base, key }: LabelStudioSite): boolean {
    return base.href === this.base.href && key === this.key;
  }

  /** The bytes of an image; a UserError where there are none. @param url of this site */
  async read(url: URL, signal: AbortSignal): Promise<Uint8Array> {
    const limit = AbortSignal.any([signal, AbortSignal.timeout(patience)]);
    try {
      return await this.follow(url, limit);
    } catch (error) {
      signal.throwIfAborted();
      if (error instanceof UserError) throw error;
      const reason = limit.aborted
        ? `no answer within ${patience / 1000} seconds`
        : reasonOf(error);
      throw new UserError(`${placeOf(url)}: Label Studio cannot be reached: ${reason}`, {
        cause: error,
      });
    }
  }

  private async follow(start: URL, signal: AbortSignal): Promise<Uint8Array> {
    let url = start;
    for (let hop = 0; hop <= mostRedirects; hop++) {
      const authorization = await this.authorization(signal);
      const response = await fetch(url, {
        redirect: "manual",
        headers: { "accept-encoding": "identity", ...authorization },
        signal,
      });
      const location = response.headers.get("location");
      if (response.status < 300 || response.status >= 400 || location === null) {
        return contentOf(response, url);
      }
      await response.body?.cancel();
      const target = URL.canParse(location, url.href) ? new URL(location, url) : undefined;
      if (target?.origin !== this.base.origin) {
        const other = target === undefined ? "no address" : target.origin;
        throw new UserError(
          `${placeOf(start)}: Label Studio redirects to ${other}, which is not read; its storage must serve the images through ` +
            "Label Studio (switch pre-signed URLs off)",
        );
      }
      url = target;
    }
    throw new UserError(`${placeOf(start)}: Label Studio redirects more than ${mostRedirects} times`); // prettier-ignore
  }

  private async authorization(signal: AbortSignal): Promise<Record<string, string>> {
    const { key } = this;
    if (key === undefined) return {};
    if (!/^[\w-]+\.[\w-]+\.[\w-]+$/.test(key)) return { authorization: `Token ${key}` };
    if (this.bearer === undefined || this.bearer.until < performance.now()) {
      const value = await this.exchange(key, signal);
      this.bearer = { value, until: performance.now() + tokenTime };
    }
    return { authorization: `Bearer ${this.bearer.value}` };
  }

  /** A token for some minutes. */
  private async exchange(refresh: string, signal: AbortSignal): Promise<string> {
    const url = new URL(`${this.base.href.replace(/\/$/, "")}/api/token/refresh/`);
    const response = await fetch(url, {
      method: "POST",
      redirect: "manual",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ refresh }),
      signal,
    });
    const answer: unknown = response.ok ? await response.json() : await response.body?.cancel();
    const parsed = z.object({ access: z.string().regex(/^[\w.-]+$/) }).safeParse(answer);
    if (parsed.success) return parsed.data.access;
    throw new UserError(
      `${this.base.origin}: Label Studio refuses its personal access token (${response.status}); set a valid LABEL_STUDIO_API_KEY`,
    );
  }
}

async function contentOf(response: Response, url: URL): Promise<Uint8Array> {
  const problem = problemOf(response);
  if (problem !== undefined || response.body === null) {
    await response.body?.cancel();
    throw new UserError(`${placeOf(url)}: ${problem ?? "Label Studio sends nothing"}`);
  }
  const pieces: Uint8Array[] = [];
  let size = 0;
  for await (const piece of response.body as AsyncIterable<Uint8Array>) {
    size += piece.length;
    // Leaving the loop ends the transfer.
    if (size > mostImageBytes) throw tooLarge(url);
    pieces.push(piece);
  }
  return Buffer.concat(pieces);
}

/** The error for an image file that is too large. */
export function tooLarge(where: URL | string): UserError {
  const place = typeof where === "string" ? where : placeOf(where);
  return new UserError(`${place}: has more than ${inUnits(mostImageBytes)}, which are not read`);
}

function problemOf({ status, headers }: Response): string | undefined {
  if (status === 401 || status === 403) {
    return `Label Studio refuses its access token (${status}); set LABEL_STUDIO_API_KEY to one that may see the project`;
  }
  if (status === 404) return "Label Studio has no such file (404)";
  if (status !== 200) return `Label Studio answers with the status ${status}`;
  const length = Number(headers.get("content-length") ?? 0);
  if (length > mostImageBytes) return `has ${inUnits(length)}, at most ${inUnits(mostImageBytes)} are read`; // prettier-ignore
  const isPage = /^text\/html\b/i.test(headers.get("content-type") ?? "");
  return isPage ? "Label Studio answers with a page in place of an image" : undefined;
}

/** An address without its query, which may have keys. */
function placeOf({ origin, pathname }: URL): string {
  return `${origin}${pathname}`;
}

function reasonOf(error: unknown): string {
  const { cause, message } = error as Error;
  return cause instanceof Error && cause.message !== "" ? cause.message : message;
}
