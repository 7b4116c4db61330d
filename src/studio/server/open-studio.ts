import { randomBytes } from "node:crypto";
import { realpath } from "node:fs/promises";
import { basename } from "node:path";
import type { Host } from "../../host/host.ts";
import type { Project } from "../protocol.ts";
import { studioApp } from "./app.ts";
import type { CommandWords } from "./command-words.ts";
import { EventHub } from "./events.ts";
import { ImageIndex } from "./images/image-index.ts";
import { buildIndex } from "./images/build-index.ts";
import { lookAt } from "./images/look.ts";
import { listen } from "./listen.ts";
import { openProject } from "./project.ts";
import type { Studio } from "./studio.ts";

export interface StudioOptions {
  /** Folder of the images. */
  readonly data: string;
  /** Folder of the studio's own files; `.tag2mask` in the data folder by default. */
  readonly project?: string | undefined;
  /** A free one by default. */
  readonly port?: number | undefined;
  /** What the front end that starts the server calls things. */
  readonly words: CommandWords;
}

/** A studio with what only its own routes use. */
export interface OpenedStudio extends Studio {
  look(ids: readonly number[]): Promise<void>;
}

/** A server that runs. */
export interface RunningStudio {
  /** Address to open, with the token. */
  readonly url: string;
  close(): Promise<void>;
}

/** Opens the studio of a data folder and serves it on this computer. */
export async function serveStudio(
  host: Host,
  { data, project, port, words }: StudioOptions,
): Promise<RunningStudio> {
  const opened = await openProject(host, data, project);
  try {
    const events = new EventHub();
    const images = new ImageIndex(opened.root, events);
    const root = await realpath(opened.root);
    images.complete = buildIndex(host, opened.root, undefined, (found) =>
      images.addFound(found),
    ).then((built) => images.take(built));
    let indexing = true;
    void images.complete.then(() => (indexing = false));
    const studio: OpenedStudio = {
      host,
      words,
      root: opened.root,
      folder: opened.folder,
      events,
      images,
      masks: {
        read: () => Promise.resolve({ rev: 0, source: "none", labels: undefined }),
        corrected: () => [],
        close: () => Promise.resolve(),
      },
      models: {
        list: () => [],
        current: undefined,
        runs: () => [],
        drafts: () => ({ model: null, state: "none", done: 0, total: 0, eta: null, error: null }),
        exports: () => [],
        draft: () => Promise.resolve(undefined),
        close: () => Promise.resolve(),
      },
      async look(ids) {
        const unknown = ids.filter((id) => images.at(id)?.version === "0");
        const contents = await Promise.all(
          unknown.map(async (id) => ({
            id,
            content: await lookAt(host.codec, root, images.at(id)!.path),
          })),
        );
        images.setContent(contents);
      },
      project: (): Project => ({
        name: basename(opened.root),
        version: host.version,
        root: opened.root,
        folder: opened.folder,
        format: images.table.head.format,
        classes: [...images.classes],
        splits: [...images.table.head.splits],
        tagsFixed: images.table.head.tagsFixed,
        indexing: indexing ? { done: images.count, total: null } : null,
        counts: images.counted(),
        problems: [...images.table.head.problems],
        models: [...studio.models.list()],
        tagsChangedOutside: false,
      }),
    };
    const token = randomBytes(16).toString("base64url");
    const listening: { port: number } = { port: 0 };
    const app = studioApp(studio, { token, port: () => listening.port });
    const server = await listen(app.fetch, port);
    listening.port = server.port;
    await opened.announce(`http://localhost:${server.port}/`);
    return {
      url: `http://localhost:${server.port}/#token=${token}`,
      async close() {
        await server.close();
        await studio.masks.close();
        await studio.models.close();
        await opened.release();
      },
    };
  } catch (error) {
    await opened.release();
    throw error;
  }
}
