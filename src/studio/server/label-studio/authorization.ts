import { createHash, timingSafeEqual } from "node:crypto";
import type { MiddlewareHandler } from "hono";
import { RequestError } from "../failure.ts";

/**
 * Refuses what a page in a browser sends: Label Studio's server asks, and sends no origin. Without this, any page that is open on
 * this computer could ask.
 */
export const onlyPrograms: MiddlewareHandler = async (c, next) => {
  const site = c.req.header("sec-fetch-site") ?? "none";
  if (c.req.header("origin") === undefined && site === "none") return next();
  throw new RequestError(403, "forbidden", "Requests of web pages are refused.");
};

/** Refuses requests without the token, which is a password of any user, as Label Studio sends it, or a bearer. */
export function onlyWithToken(token: string): MiddlewareHandler {
  const expected = digest(token);
  return async (c, next) => {
    // Digests have one length, so that the comparison takes the same time whatever was sent.
    if (timingSafeEqual(digest(secretOf(c.req.header("authorization"))), expected)) return next();
    c.header("www-authenticate", 'Basic realm="tag2mask", charset="UTF-8"');
    throw new RequestError(
      401,
      "unauthorized",
      "The token is missing or wrong: choose basic authentication for the model in Label Studio, with any user name and the token as password.",
    );
  };
}

function secretOf(authorization: string | undefined): string {
  const [, scheme = "", value = ""] = /^(basic|bearer) +(\S+)$/i.exec(authorization ?? "") ?? [];
  if (scheme.toLowerCase() === "bearer") return value;
  const pair = Buffer.from(value, "base64").toString("utf8");
  const colon = pair.indexOf(":");
  return colon < 0 ? "" : pair.slice(colon + 1);
}

function digest(text: string): Buffer {
  return createHash("sha256").update(text).digest();
}
