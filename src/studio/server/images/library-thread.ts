import { realpath } from "node:fs/promises";
import { parentPort, workerData } from "node:worker_threads";
import { nodeHost } from "../../../host/node/host.ts";
import { writeScenes } from "../../../files/datasets/write-scenes.ts";
import { dirname, join } from "../../../files/text/path.ts";
import { sentError } from "../child-process.ts";
import { appendClass } from "../tags/class-file.ts";
import { hashOf, TagsFile, type FileState, type TagChange } from "../tags/tags-file.ts";
import { buildIndex, type Building } from "./build-index.ts";
import type { BuiltIndex, IndexHead } from "./columns.ts";
import { buffersOf, readIndex, writeIndex } from "./index-file.ts";
import type { LibraryCalls, LibraryNews, LibrarySetup, NamedTags } from "./library-calls.ts";
import { lookAt } from "./look.ts";
import { areUnchanged, NotedStore, type Source } from "./sources.ts";
import type { FromThread, ToThread } from "./thread-calls.ts";

/** Lists images, looks at them and writes their tags, so that the server's own thread is free to answer. */

const { root, folder } = workerData as LibrarySetup;
const { store, codec } = nodeHost;
const indexPath = join(folder, "index.bin");
const realRoot = await realpath(root);
const port = parentPort!;

/** Most images that are told at a time. */
const foundAtOnce = 20_000;

/** Files that are looked at at the same time. */
const looksAtOnce = 4;

let head: IndexHead | undefined;
/** Undefined before this thread has listed the data folder itself. */
let linesOf: Building["linesOf"] | undefined;
let sources: readonly Source[] = [];
/** The tags file as this thread has read or written it last. */
let tags: { readonly file: TagsFile; readonly path: string; state: FileState | null } | undefined;

const answers: {
  readonly [K in keyof LibraryCalls]: (
    request: LibraryCalls[K]["request"],
  ) => Promise<LibraryCalls[K]["result"]>;
} = {
  async open() {
    const stored = await readIndex(store, indexPath);
    if (!stored) return null;
    const isFresh = await areUnchanged(store, root, stored.sources);
    if (isFresh) sources = stored.sources;
    return { built: { head: stored.head, columns: stored.columns }, isFresh };
  },

  async build(known) {
    const noted = new NotedStore(store, root);
    await noted.note(root);
    const built = await buildIndex(
      { store: noted.store, codec },
      root,
      known ?? undefined,
      tellFound,
    );
    ({ head, linesOf } = built);
    tags = undefined;
    sources = noted.list;
    return { head: built.head, columns: built.columns };
  },

  async save(built) {
    await writeIndex(store, indexPath, { ...built, sources });
    return null;
  },

  check: () => areUnchanged(store, root, sources),

  async look(images) {
    const results: { readonly id: number; readonly content: Awaited<ReturnType<typeof lookAt>> }[] =
      [];
    const waiting = [...images].reverse();
    const work = async (): Promise<void> => {
      for (let next = waiting.pop(); next; next = waiting.pop()) {
        const { id, path, known } = next;
        results.push({ id, content: await lookAt(codec, realRoot, path, known) });
      }
    };
    await Promise.all(Array.from({ length: looksAtOnce }, work));
    return results;
  },

  async tag({ changes, classes }) {
    if (!linesOf || !head) throw new Error("tags are written before the data folder was listed");
    const named = { head, linesOf };
    const path = join(root, head.tagsFile ?? "tags.csv");
    if (!tags || tags.path !== path) {
      const noted = sources.find((source) => join(root, source.path) === path);
      const read = await TagsFile.read(store, path);
      const isSame = read.state?.modified === noted?.modified && read.state?.size === noted?.size;
      if (!isSame) return false;
      tags = { ...read, path };
    } else if (!(await isOwn(tags.path, tags.state))) return false;
    tags.file.apply(inTable(changes, named), new Set(classes));
    const data = tags.file.bytes();
    try {
      await store.write([{ path, data }]);
    } catch (error) {
      // What is in memory is not what is on the disk; the list is made anew before anything else is written.
      tags = undefined;
      linesOf = undefined;
      throw error;
    }
    const info = await store.stat(path);
    tags.state = { modified: info?.modified ?? 0, size: info?.size ?? 0, hash: hashOf(data) };
    await noteOwn(path);
    return true;
  },

  async sample(count) {
    await writeScenes(nodeHost, root, {
      ...{ count, seed: 0, valCount: Math.ceil(count / 5) },
      onProgress: (written, total) => tell({ written, total }),
    });
    return null;
  },

  async addClass(name) {
    const file = head?.classesFile ?? null;
    if (file === null) return null;
    await appendClass(store, join(root, file), name);
    await noteOwn(join(root, file));
    return null;
  },
};

/** Changes as the table of tags names their images. */
function inTable(
  changes: readonly NamedTags[],
  { head: { imageFolder }, linesOf: lines }: Pick<Building, "head" | "linesOf">,
): TagChange[] {
  const start = imageFolder === "" ? 0 : imageFolder.length + 1;
  return changes.map(({ id, file, tags: names }) => {
    return { file: file.slice(start), lines: lines(id), tags: names };
  });
}

function tellFound(files: readonly string[]): void {
  for (let at = 0; at < files.length; at += foundAtOnce) {
    tell({ found: files.slice(at, at + foundAtOnce) });
  }
}

function tell(told: LibraryNews): void {
  const message: FromThread = { told };
  port.postMessage(message);
}

/** Whether the tags file is as this thread has left it. */
async function isOwn(path: string, state: FileState | null): Promise<boolean> {
  const info = await store.stat(path);
  if (!info || !state) return !info && !state;
  if (info.modified === state.modified && info.size === state.size) return true;
  // A program that stores a file without changing it does no harm.
  return hashOf(await store.read(path)) === state.hash;
}

/** Takes note of a file that this thread has written, and of the folders whose time that has changed. */
async function noteOwn(path: string): Promise<void> {
  const noted = new NotedStore(store, root);
  await noted.note(path);
  await noted.note(dirname(path));
  const known = new Set(sources.map((source) => source.path));
  const fresh = new Map(noted.list.map((source) => [source.path, source]));
  sources = [
    ...sources.map((source) => fresh.get(source.path) ?? source),
    ...[...fresh.values()].filter((source) => !known.has(source.path)),
  ];
}

/** Work that must not overlap, one after the other. */
let previous: Promise<unknown> = Promise.resolve();
const alone: ReadonlySet<string> = new Set(["open", "build", "save", "tag", "addClass"]);

port.on("message", ({ number, kind, request }: ToThread) => {
  const answer = answers[kind as keyof LibraryCalls] as (request: unknown) => Promise<unknown>;
  const work = alone.has(kind) ? previous.then(() => answer(request)) : answer(request);
  if (alone.has(kind)) previous = work.catch(() => undefined);
  work.then(
    (result) => {
      const built = kind === "build" ? (result as BuiltIndex) : (result as { built?: BuiltIndex } | null)?.built; // prettier-ignore
      send({ number, result }, built ? buffersOf(built.columns) : []);
    },
    (error: unknown) => {
      send({ number, error: sentError(error) });
    },
  );
});

function send(message: FromThread, transfer: ArrayBuffer[] = []): void {
  port.postMessage(message, transfer);
}
