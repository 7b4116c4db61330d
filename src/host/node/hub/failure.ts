import type { HubFile } from "../../hub.ts";

export interface HubFailureOptions extends ErrorOptions {
  /** Kind of the failure, for programs. */
  readonly code?: string;
  /** Whether the same request may succeed later. */
  readonly passing?: boolean;
  /** Seconds that the server asks to wait. */
  readonly retryAfter?: number | undefined;
}

/** A download that failed, with the reason as a clause. */
export class HubFailure extends Error {
  override readonly name = "HubFailure";
  readonly code: string;
  readonly passing: boolean;
  readonly retryAfter: number | undefined;

  constructor(
    reason: string,
    { code = "hub-failed", passing = false, retryAfter, ...options }: HubFailureOptions = {},
  ) {
    super(reason, options);
    this.code = code;
    this.passing = passing;
    this.retryAfter = retryAfter;
  }
}

/** The part of a response that tells a failure. */
export interface ResponseHead {
  readonly status: number;
  readonly headers: { get(name: string): string | null };
}

/** The failure that the answer of a hub means; undefined for an answer that is none. @param sentToken whether a token was sent */
export function refusalOf(
  { repository, revision, file }: HubFile,
  { status, headers }: ResponseHead,
  sentToken: boolean,
): HubFailure | undefined {
  if (status < 400) return undefined;
  const errorCode = headers.get("x-error-code");
  const page = `accept its terms on the page of ${repository} and give the token of that account in HF_TOKEN`;
  if (errorCode === "GatedRepo" || (status === 403 && errorCode === null)) {
    return new HubFailure(`access is gated (${status}): ${page}`, { code: "hub-gated" });
  }
  if (errorCode === "EntryNotFound") {
    return new HubFailure(`the repository has no ${file} in the revision ${revision} (${status})`, {
      code: "hub-missing",
    });
  }
  if (errorCode === "RevisionNotFound") {
    return new HubFailure(`the repository has no revision ${revision} (${status})`, {
      code: "hub-missing",
    });
  }
  if (status === 401 || status === 404) {
    const token = sentToken
      ? "the token that was sent may be out of date or without the right to read it"
      : "no token was sent: give one in HF_TOKEN";
    return new HubFailure(
      `there is no such repository or file, or it needs a token (${status}); ${token}`,
      { code: "hub-missing" },
    );
  }
  const passing = status === 408 || status === 429 || status >= 500;
  const what = status === 429 ? "too many requests" : "the hub answers with an error";
  return new HubFailure(`${what} (${status})`, {
    passing,
    retryAfter: retryAfterOf(headers),
    code: passing ? "hub-unavailable" : "hub-failed",
  });
}

/** Seconds that a server asks to wait; undefined if it does not. */
export function retryAfterOf(headers: ResponseHead["headers"]): number | undefined {
  const text = headers.get("retry-after");
  if (text === null) return undefined;
  const seconds = /^\d+$/.test(text.trim()) ? Number(text) : (Date.parse(text) - Date.now()) / 1000;
  return Number.isFinite(seconds) ? Math.max(0, seconds) : undefined;
}

/** Codes of failed connections, with the reason and whether another attempt makes sense before anything has arrived. */
const connectionReasons: Readonly<Record<string, readonly [reason: string, passing: boolean]>> = {
  ENOTFOUND: ["its address cannot be resolved: is this machine connected to the internet?", false],
  EAI_AGAIN: ["its address cannot be resolved: is this machine connected to the internet?", false],
  ENETUNREACH: ["the network cannot be reached", false],
  EHOSTUNREACH: ["the host cannot be reached", false],
  ECONNREFUSED: ["the connection is refused", false],
  ECONNRESET: ["the connection was cut", true],
  EPIPE: ["the connection was cut", true],
  ETIMEDOUT: ["the connection takes too long", true],
  UND_ERR_SOCKET: ["the connection was cut", true],
  UND_ERR_CONNECT_TIMEOUT: ["the connection takes too long", true],
  UND_ERR_HEADERS_TIMEOUT: ["the answer takes too long", true],
  UND_ERR_BODY_TIMEOUT: ["nothing arrives any more", true],
  UND_ERR_RES_CONTENT_LENGTH_MISMATCH: ["the connection was cut", true],
};

/** The failure of a connection to a host. @param help advice about proxies and addresses from the environment */
export function connectionFailure(error: unknown, host: string, help: string): HubFailure {
  const causes = chainOf(error);
  const codes = causes.map((cause) => (cause as NodeJS.ErrnoException).code ?? "");
  const known = codes.map((code) => connectionReasons[code]).find((entry) => entry !== undefined);
  if (known) {
    const [reason, passing] = known;
    return new HubFailure(`${host}: ${reason}${help}`, {
      cause: error,
      passing,
      code: "hub-unreachable",
    });
  }
  const last = causes.at(-1)?.message ?? String(error);
  const certificate = codes.some((code) => /CERT|SELF_SIGNED|ERR_TLS/.test(code))
    ? "; where a proxy has a certificate of its own, name its file in NODE_EXTRA_CA_CERTS"
    : "";
  return new HubFailure(`${host}: ${last}${certificate}${help}`, {
    cause: error,
    // An interrupted body is reported without a code.
    passing: certificate === "" && /terminated|aborted|other side closed/.test(last),
    code: "hub-unreachable",
  });
}

/** An error and its causes; a failed attempt on several addresses lists their errors. */
function chainOf(error: unknown): Error[] {
  const chain: Error[] = [];
  let next: unknown = error;
  while (next instanceof Error && chain.length < 8) {
    chain.push(next);
    next = next instanceof AggregateError ? next.errors[0] : next.cause;
  }
  return chain;
}
