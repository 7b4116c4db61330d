import {
  parseWeightsSource,
  usualFiles,
  weightsCatalog,
  type CatalogEntry,
  type WeightsLocation,
  type WeightsSource,
} from "../files/weights/catalog.ts";
import { isShardIndex, parseShardIndex } from "../files/weights/shards.ts";
import { findModelFile } from "../files/run/find-weights.ts";
import { dirname, join } from "../files/text/path.ts";
import type { Host } from "../host/host.ts";
import type { CheckedHubCopy, HubCopy, HubEvent, HubFile, StopSignal } from "../host/hub.ts";
import type { InitialWeights } from "../method/inference/initial-weights.ts";
import { UserError } from "../user-error.ts";
import type { NoticeEvent } from "./events.ts";

/** Services of a host that finding weights uses. */
export type WeightsHost = Pick<Host, "store" | "hub">;

/** Weights on this machine. */
export interface LocatedWeights {
  /** Path of the file; of weights in several files, that of their index. */
  readonly path: string;
  /** Undefined for a file that only has a path. */
  readonly origin: InitialWeights | undefined;
  /** Bytes of all files that came from a hub. */
  readonly bytes: number;
  /** Whether nothing was fetched. */
  readonly cached: boolean;
}

export interface LocateOptions {
  /** Weights with names; those of `weightsCatalog` by default. */
  readonly catalog?: readonly CatalogEntry[] | undefined;
  readonly signal?: StopSignal | undefined;
}

/** The meaning of a source: an existing file or folder is what it is, everything else is a path, a name or a repository. */
export async function understandSource(
  { store }: Pick<Host, "store">,
  source: string,
  catalog?: readonly CatalogEntry[],
): Promise<WeightsSource> {
  if ((await store.stat(source)) !== undefined) return { kind: "path", path: source };
  return parseWeightsSource(source, catalog ?? weightsCatalog);
}

/** The weights that a source means, fetched if they are not here. A hub's failure is a UserError. */
export async function* fetchSource(
  host: WeightsHost,
  source: WeightsSource,
  options: LocateOptions = {},
): AsyncGenerator<HubEvent | NoticeEvent, LocatedWeights> {
  if (source.kind === "path") {
    const path = await findModelFile(host.store, source.path);
    return { path, origin: undefined, bytes: 0, cached: true };
  }
  const here = await findSource(host, source);
  const candidates = here ? [here.file] : candidatesOf(source);
  for (const [i, file] of candidates.entries()) {
    try {
      const located = yield* fetchWhole(host, source, file, options);
      const asked = source.kind === "repository" && source.location.file === undefined;
      if (asked || i > 0) {
        yield {
          type: "notice",
          message: `${nameOf(source)}: uses ${file.repository}: ${file.file}`,
        };
      }
      return located;
    } catch (error) {
      const mayContinue = error instanceof UserError && /^hub-(?:missing|gated)$/.test(error.code);
      if (!mayContinue || i === candidates.length - 1)
        throw explainSource(source, candidates, error);
    }
  }
  throw new Error("weights without a location");
}

/** The file of a source that is in the cache, and its copy there; undefined if none is. Opens no connection. */
export async function findSource(
  { hub }: Pick<Host, "hub">,
  source: Exclude<WeightsSource, { readonly kind: "path" }>,
): Promise<{ readonly file: HubFile; readonly copy: HubCopy } | undefined> {
  for (const file of candidatesOf(source)) {
    const copy = await hub.find(file);
    if (copy) return { file, copy };
  }
  return undefined;
}

/** The weights of a source that are on this machine; a UserError if they are not, with the job that fetches them. */
export async function openSource(
  host: WeightsHost,
  source: WeightsSource,
): Promise<{ readonly path: string; readonly license?: string }> {
  if (source.kind === "path") return { path: await findModelFile(host.store, source.path) };
  const here = await findSource(host, source);
  if (here) {
    const license = licenseFor(host, source, here.file.repository);
    return { path: here.copy.path, license };
  }
  const name = nameOf(source);
  throw new UserError(`${name}: is not on this machine`, {
    code: "not-fetched",
    remedies: [{ kind: "job", name: "weights", options: { fetch: name }, purpose: "fetches it" }],
  });
}

export function nameOf(source: Exclude<WeightsSource, { readonly kind: "path" }>): string {
  return source.kind === "catalog" ? source.entry.name : source.name;
}

function candidatesOf(source: Exclude<WeightsSource, { readonly kind: "path" }>): HubFile[] {
  const places = source.kind === "catalog" ? source.entry.locations : [source.location];
  return places.flatMap(({ repository, revision, file }: WeightsLocation) =>
    (file === undefined ? usualFiles : [file]).map((name) => ({
      repository,
      revision,
      file: name,
    })),
  );
}

/** Fetches a file, and with an index every file that it lists. */
async function* fetchWhole(
  { store, hub }: WeightsHost,
  source: Exclude<WeightsSource, { readonly kind: "path" }>,
  file: HubFile,
  { signal }: LocateOptions,
): AsyncGenerator<HubEvent, LocatedWeights> {
  const copy = yield* hub.fetch(file, { signal });
  const copies: [string, CheckedHubCopy][] = [[file.file, copy]];
  if (isShardIndex(file.file)) {
    // All parts are those of the index's own commit.
    const revision = copy.commit ?? file.revision;
    const { names } = parseShardIndex(await store.readText(copy.path), copy.path);
    for (const name of names) {
      const part = join(dirname(file.file), name);
      copies.push([part, yield* hub.fetch({ ...file, revision, file: part }, { signal })]);
    }
  }
  const origin: InitialWeights = {
    source: nameOf(source),
    repository: file.repository,
    revision: file.revision,
    ...(copy.commit !== undefined && { commit: copy.commit }),
    files: Object.fromEntries(copies.map(([name, { sha256 }]) => [name, sha256])),
    license: licenseFor({ hub }, source, file.repository),
  };
  const bytes = copies.reduce((sum, [, { size }]) => sum + size, 0);
  const cached = copies.every(([, one]) => one.cached);
  return { path: copy.path, origin, bytes, cached };
}

function licenseFor(
  { hub }: Pick<Host, "hub">,
  source: Exclude<WeightsSource, { readonly kind: "path" }>,
  repository: string,
): string {
  return source.kind === "catalog" ? source.entry.license : `see ${hub.page(repository)}`;
}

/** Adds to the failure of the last candidate what else was looked for. */
function explainSource(
  source: Exclude<WeightsSource, { readonly kind: "path" }>,
  candidates: readonly HubFile[],
  error: unknown,
): unknown {
  if (!(error instanceof UserError)) return error;
  const { code, remedies, message } = error;
  const looked = candidates.map(({ repository, file }) => `${repository}: ${file}`).join(", ");
  const local = source.kind === "repository" ? `${source.name} is no file or folder here; ` : "";
  const all = candidates.length > 1 ? `looked for ${looked}; ` : "";
  return new UserError(`${local}${all}${message}`, { code, remedies, cause: error });
}
