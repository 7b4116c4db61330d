import type { Context } from "hono";
import type { ContentfulStatusCode } from "hono/utils/http-status";
import { UserError } from "../../user-error.ts";
import type { Failure } from "../protocol.ts";

/** A request that cannot be answered as asked; becomes a `Failure` with this status. */
export class RequestError extends Error {
  override readonly name = "RequestError";

  /** @param more fields of the answer besides code and message */
  constructor(
    readonly status: ContentfulStatusCode,
    readonly code: string,
    message: string,
    readonly more: Readonly<Record<string, unknown>> = {},
  ) {
    super(message);
  }
}

/** The request was given up before its work was done: nobody waits for the answer. */
export class GivenUp extends Error {
  override readonly name = "GivenUp";

  constructor() {
    super("nobody waits for the answer any more");
  }
}

export function notFound(message = "There is nothing at this address."): RequestError {
  return new RequestError(404, "not-found", message);
}

/** @param more what is current, for the page to go on from */
export function conflict(message: string, more?: Readonly<Record<string, unknown>>): RequestError {
  return new RequestError(409, "conflict", message, more);
}

/** Status for the log of a proxy, as nobody receives it: the client closed the request. */
const closedRequest = 499;

/** Whether work ended because its request was given up, as a page does that goes on to another image: no fault of anybody's. */
function isGivenUp(error: unknown, { aborted, reason }: AbortSignal): boolean {
  if (error instanceof GivenUp) return true;
  if (!aborted || !(error instanceof Error)) return false;
  // Reading a body that breaks off fails with the reason in an error of its own.
  return error === reason || [error.message, String(error)].includes(String(reason));
}

/** The answer to a request that failed. An error nobody expected is told on stderr; the page learns nothing of it. */
export function answerFailure(error: unknown, c: Context): Response {
  if (isGivenUp(error, c.req.raw.signal)) return new Response(null, { status: closedRequest });
  const send = (status: ContentfulStatusCode, failure: Failure & object): Response =>
    c.json(failure, status);
  if (error instanceof RequestError) {
    return send(error.status, { code: error.code, message: error.message, ...error.more });
  }
  if (error instanceof UserError) return send(400, { code: error.code, message: error.message });
  const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
  process.stderr.write(`${c.req.method} ${c.req.path}: ${text}\n`);
  return send(500, {
    code: "internal",
    message: "Something unexpected went wrong in the server; its terminal shows where.",
  });
}
