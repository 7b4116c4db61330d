import type { LabelMap } from "../../method/images/image.ts";
import type { TokenAffinity } from "../../method/labels/token-affinity.ts";
import { decodeLayers, type Layers } from "../layers.ts";
import { decodeMask, encodePatch, type Patch } from "../patches.ts";
import type { Failure, ImageDetails, ImagesQuery, MaskSource } from "../protocol.ts";
import { decodeRecords, type RecordPage } from "../records.ts";

// The same as in protocol.ts, which would bring its validation into the page.
const tokenHeader = "x-tag2mask-token";
const tokenKey = "tag2mask-token";

/** An answer of the server that is not 2xx. */
export class RequestFailed extends Error {
  override readonly name = "RequestFailed";

  /** @param status 0 if the server cannot be reached */
  constructor(
    readonly status: number,
    readonly failure: Failure & Readonly<Record<string, unknown>>,
  ) {
    super(failure.message);
  }
}

/** The token of this server: once from the address, where nobody keeps it, then from the tab's own storage. */
function takeToken(): string {
  const given = new URLSearchParams(location.hash.slice(1)).get("token");
  if (given !== null) {
    sessionStorage.setItem(tokenKey, given);
    history.replaceState(null, "", location.pathname);
  }
  return sessionStorage.getItem(tokenKey) ?? "";
}

const token = takeToken();
/** Tells the tabs of this server from those of another one that had the same address. */
export const tokenName = token.slice(0, 8);

/** Sends a request with the token; a RequestFailed unless it is answered with 2xx. */
export async function request(path: string, init: RequestInit = {}): Promise<Response> {
  const headers = new Headers(init.headers);
  headers.set(tokenHeader, token);
  let response: Response;
  try {
    response = await fetch(path, { ...init, headers });
  } catch (error) {
    if (init.signal?.aborted) throw error;
    throw new RequestFailed(0, { code: "unreachable", message: String(error) });
  }
  if (response.ok) return response;
  const failure = (await response.json().catch(() => undefined)) as Failure | undefined;
  const unknown = { code: "internal", message: `${response.status} ${response.statusText}` };
  throw new RequestFailed(response.status, { ...unknown, ...failure });
}

export async function getJson<T>(path: string, init?: RequestInit): Promise<T> {
  return (await (await request(path, init)).json()) as T;
}

/** Most characters of a body that a browser sends on by itself after the page is left: it allows 64 KiB for all that are under way. */
const mostKeptAlive = 4096;

/**
 * Sends JSON and reads JSON.
 * @param outlivesPage whether a small body still arrives when the page is left or loaded anew right after
 */
export function sendJson<T>(
  method: "POST" | "PUT",
  path: string,
  value: unknown,
  { outlivesPage = false } = {},
): Promise<T> {
  const body = JSON.stringify(value);
  const keepalive = outlivesPage && body.length <= mostKeptAlive;
  return getJson<T>(path, {
    ...{ method, body, keepalive },
    headers: { "content-type": "application/json" },
  });
}

/** What is known of images; those that there are not are left out. */
export function getDetails(ids: readonly number[]): Promise<ImageDetails[]> {
  return sendJson("POST", "/api/images/details", { ids });
}

/** The file of an image, as a browser can show it. */
export async function getPicture(
  { id, version }: Pick<ImageDetails, "id" | "version">,
  signal?: AbortSignal,
): Promise<Blob> {
  const response = await request(`/api/images/${id}/image?v=${version}`, signal ? { signal } : {});
  return response.blob();
}

/** The error for an image that there is not. */
export function noSuchImage(): RequestFailed {
  return new RequestFailed(404, { code: "not-found", message: "There is no such image." });
}

export async function getRecords(query: ImagesQuery, signal?: AbortSignal): Promise<RecordPage> {
  return decodeRecords(await getRecordBytes(query, signal));
}

/** A page of records as it is sent; see `decodeRecord`. */
export async function getRecordBytes(
  query: ImagesQuery,
  signal?: AbortSignal,
): Promise<Uint8Array> {
  const given = Object.entries(query).filter(([, value]) => value !== undefined);
  const search = new URLSearchParams(given.map(([key, value]) => [key, String(value)]));
  const response = await request(`/api/images?${search}`, signal ? { signal } : {});
  return new Uint8Array(await response.arrayBuffer());
}

/** A mask, its revision and where it comes from; null if there is none. */
export interface StoredMask {
  readonly rev: number;
  readonly source: MaskSource;
  readonly labels: LabelMap | null;
}

/** @param of `draft` for what the model made of it, whatever people did */
export async function getMask(
  id: number,
  { of, signal }: { readonly of?: "draft"; readonly signal?: AbortSignal } = {},
): Promise<StoredMask> {
  const path = `/api/images/${id}/mask${of === undefined ? "" : `?of=${of}`}`;
  const response = await request(path, signal ? { signal } : {});
  const source = (response.headers.get("x-mask-source") ?? "none") as MaskSource;
  const bytes = new Uint8Array(await response.arrayBuffer());
  return {
    rev: Number(response.headers.get("x-mask-rev") ?? 0),
    source,
    labels: bytes.length > 0 ? decodeMask(bytes) : null,
  };
}

/** Stores one change of a mask; resolves with the new revision once it is on the disk. */
export async function sendPatch(id: number, rev: number, patch: Patch): Promise<number> {
  const answer = await getJson<{ rev: number }>(`/api/images/${id}/strokes`, {
    method: "POST",
    headers: { "content-type": "application/octet-stream", "if-match": String(rev) },
    body: encodePatch(patch),
  });
  return answer.rev;
}

export async function getLayers(id: number, model: string, signal?: AbortSignal): Promise<Layers> {
  const path = `/api/images/${id}/layers?model=${encodeURIComponent(model)}`;
  const response = await request(path, signal ? { signal } : {});
  return decodeLayers(new Uint8Array(await response.arrayBuffer()));
}

/** What a token of an image has to do with the others, from `GET /api/images/:id/affinity`: three arrays of f32, little-endian. */
export async function getAffinity(
  id: number,
  model: string,
  token: number,
  signal?: AbortSignal,
): Promise<TokenAffinity> {
  const path = `/api/images/${id}/affinity?model=${encodeURIComponent(model)}&token=${token}`;
  const response = await request(path, signal ? { signal } : {});
  const all = new Float32Array(await response.arrayBuffer());
  const tokens = all.length / 3;
  return {
    affinity: all.subarray(0, tokens),
    spreads: all.subarray(tokens, 2 * tokens),
    receives: all.subarray(2 * tokens),
  };
}
