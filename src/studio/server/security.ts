import { createHash, timingSafeEqual } from "node:crypto";
import type { Context, MiddlewareHandler } from "hono";
import { bodyLimit } from "hono/body-limit";
import { tokenHeader } from "../protocol.ts";
import { RequestError } from "./failure.ts";

/** Headers of every answer. */
const fixedHeaders: Readonly<Record<string, string>> = {
  "x-content-type-options": "nosniff",
  "referrer-policy": "no-referrer",
  "cross-origin-opener-policy": "same-origin",
  "cross-origin-embedder-policy": "require-corp",
  "cross-origin-resource-policy": "same-origin",
  "x-frame-options": "DENY",
  "permissions-policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
};

/** @param nonce of the style elements that the page's components make */
export function contentSecurityPolicy(nonce?: string): string {
  return [
    "default-src 'none'",
    "script-src 'self' 'wasm-unsafe-eval'",
    `style-src 'self'${nonce === undefined ? "" : ` 'nonce-${nonce}'`}`,
    "img-src 'self' blob: data:",
    "connect-src 'self'",
    "worker-src 'self' blob:",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join("; ");
}

/** Sets the headers that every answer has, where a route has not set its own. */
export const securityHeaders: MiddlewareHandler = async (c, next) => {
  await next();
  const set = (name: string, value: string): void => {
    if (!c.res.headers.has(name)) c.res.headers.set(name, value);
  };
  for (const [name, value] of Object.entries(fixedHeaders)) set(name, value);
  set("content-security-policy", contentSecurityPolicy());
  set("cache-control", "no-store");
};

/**
 * Refuses requests that do not come from this computer's own names for the server, as those of a page elsewhere whose name was
 * pointed here (DNS rebinding) do.
 */
export function onlyOwnHost(port: () => number): MiddlewareHandler {
  return async (c, next) => {
    if (!isOwnHost(c.req.header("host"), port())) throw forbidden("another host");
    return next();
  };
}

function isOwnHost(host: string | undefined, port: number): boolean {
  const names = ["localhost", "127.0.0.1", "[::1]"];
  const own = names.flatMap((name) => (port === 80 ? [name, `${name}:80`] : [`${name}:${port}`]));
  return host !== undefined && own.includes(host.toLowerCase());
}

/** Refuses requests that another site's page makes, and those without the token. */
export function onlyOwnPage(token: string): MiddlewareHandler {
  const expected = digest(token);
  return async (c, next) => {
    const origin = c.req.header("origin");
    if (origin !== undefined && origin !== `http://${c.req.header("host")}`) {
      throw forbidden("another origin");
    }
    const site = c.req.header("sec-fetch-site");
    if (site !== undefined && site !== "same-origin") throw forbidden("another site");
    // Digests have one length, so that the comparison takes the same time whatever was sent.
    if (!timingSafeEqual(digest(c.req.header(tokenHeader) ?? ""), expected)) {
      throw new RequestError(
        401,
        "forbidden",
        "The token is missing or that of another server: open the address that the terminal shows.",
      );
    }
    return next();
  };
}

function digest(text: string): Buffer {
  return createHash("sha256").update(text).digest();
}

function forbidden(from: string): RequestError {
  return new RequestError(403, "forbidden", `Requests from ${from} are refused.`);
}

/** Most bytes of a body, where a route needs more than the usual. */
const largeBodies: readonly (readonly [path: RegExp, bytes: number])[] = [
  [/^\/api\/tags$/, 32 << 20],
  [/^\/api\/images\/\d+\/(strokes|mask)$/, 64 << 20],
];
const usualBody = 1 << 20;

/** Refuses bodies that are too large, without reading further. */
export const limitedBodies: MiddlewareHandler = (c, next) => {
  const maxSize = largeBodies.find(([path]) => path.test(c.req.path))?.[1] ?? usualBody;
  return bodyLimit({ maxSize, onError: tooLarge })(c, next);
};

function tooLarge(c: Context): Response {
  return c.json({ code: "too-large", message: "The body of the request is too large." }, 413);
}
