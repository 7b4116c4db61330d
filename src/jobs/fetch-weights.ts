import { weightsCatalog, type CatalogEntry } from "../files/weights/catalog.ts";
import type { Host } from "../host/host.ts";
import type { HubEvent } from "../host/hub.ts";
import { UserError } from "../user-error.ts";
import { isAbort, type JobOptions, type NoticeEvent } from "./events.ts";
import {
  fetchSource,
  findSource,
  understandSource,
  type LocatedWeights,
  type WeightsHost,
} from "./locate-weights.ts";

export type FetchWeightsEvent =
  | HubEvent
  | NoticeEvent
  /** The signal was aborted; what has arrived is kept for the next attempt. */
  | { readonly type: "canceled" }
  | { readonly type: "fetched"; readonly weights: LocatedWeights };

/** Brings weights to this machine, by their name or repository. */
export async function* fetchWeights(
  host: WeightsHost,
  name: string,
  { signal, catalog }: JobOptions & { readonly catalog?: readonly CatalogEntry[] } = {},
): AsyncGenerator<FetchWeightsEvent, void> {
  const source = await understandSource(host, name, catalog);
  if (source.kind === "path") {
    throw new UserError(
      `${name}: is a path, and only names and repositories are fetched; give one of ` +
        `${(catalog ?? weightsCatalog).map((entry) => entry.name).join(", ")}, or owner/repository`,
    );
  }
  try {
    yield { type: "fetched", weights: yield* fetchSource(host, source, { signal }) };
  } catch (error) {
    if (!isAbort(error, signal)) throw error;
    yield { type: "canceled" };
  }
}

/** Weights of the catalog, and where they are on this machine. */
export interface ListedWeights extends CatalogEntry {
  /** Path of the file; undefined if it is not here. */
  readonly path: string | undefined;
  /** Exact size of the file that is here, or about that of the one that would be fetched; bytes. */
  readonly size: { readonly bytes: number; readonly exact: boolean };
}

/** The catalog, with the copies on this machine. Opens no connection. */
export function listWeights(
  { hub }: Pick<Host, "hub">,
  catalog: readonly CatalogEntry[] = weightsCatalog,
): Promise<ListedWeights[]> {
  return Promise.all(
    catalog.map(async (entry) => {
      const copy = (await findSource({ hub }, { kind: "catalog", entry }))?.copy;
      const size = { bytes: copy?.size ?? entry.bytes, exact: copy !== undefined };
      return { ...entry, path: copy?.path, size };
    }),
  );
}
