import { randomBytes } from "node:crypto";
import { basename } from "node:path";
import type { Host } from "../../host/host.ts";
import type { Project } from "../protocol.ts";
import { studioApp } from "./app.ts";
import type { CommandWords } from "./command-words.ts";
import { EventHub } from "./events.ts";
import { Exports } from "./exports/exports.ts";
import { ImageIndex } from "./images/image-index.ts";
import { Library } from "./images/library.ts";
import { listen } from "./listen.ts";
import { MaskBook } from "./masks/mask-book.ts";
import { TrainedModels } from "./models/trained-models.ts";
import type { OpenedStudio } from "./opened-studio.ts";
import { PreferenceFile } from "./preferences.ts";
import { openProject, type OpenProject } from "./project.ts";
import { TagStore } from "./tags/tag-store.ts";

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
    const studio = await openParts(host, words, opened);
    const token = opened.before?.token ?? randomBytes(16).toString("base64url");
    const place = { port: 0, token };
    const app = studioApp(studio, { token, port: () => place.port });
    const server = await listen(app.fetch, { port, preferred: opened.before?.port });
    place.port = server.port;
    await opened.announce(place);
    return {
      url: `http://localhost:${server.port}/#token=${token}`,
      async close() {
        await server.close();
        await studio.tags.close();
        await studio.exports.close();
        await studio.models.close();
        await studio.masks.close();
        await studio.library.close();
        await opened.release();
      },
    };
  } catch (error) {
    await opened.release();
    throw error;
  }
}

async function openParts(
  host: Host,
  words: CommandWords,
  { root, folder }: Pick<OpenProject, "root" | "folder">,
): Promise<OpenedStudio> {
  const events = new EventHub();
  const images = new ImageIndex(root, events);
  const library = new Library(images, { root, folder }, events);
  images.complete = library.open();
  const tags = new TagStore(library);
  const common = { host, words, root, folder, events, images };
  // Drafts are masks, and trainings learn from corrected ones.
  const opened: { masks?: MaskBook } = {};
  const preferences = await PreferenceFile.open(host.store, folder);
  const models = await TrainedModels.open(common, {
    masks: () => opened.masks!,
    knownTags: () => preferences.current.knownTags,
  });
  preferences.onChange((now, before) => {
    if (now.knownTags !== before.knownTags) models.outdateDrafts();
  });
  const masks = await MaskBook.open(common, {
    draft: (id) => models.draft(id),
    model: () => models.current?.id,
  });
  opened.masks = masks;
  const exports = await Exports.open({ ...common, models }, masks);
  const project = (): Project => {
    const { format, splits, tagsFixed, problems } = images.table.head;
    const failure = library.failure === null ? [] : [{ severity: "error" as const, message: library.failure }]; // prettier-ignore
    return {
      ...{ name: basename(root), version: host.version, root, folder },
      ...{ format, tagsFixed, splits: [...splits], classes: [...images.classes] },
      indexing: library.indexing,
      counts: images.counted(),
      problems: [...failure, ...problems],
      models: [...models.list()],
      tagsChangedOutside: tags.isChangedOutside,
    };
  };
  return { ...common, library, preferences, tags, masks, exports, models, project };
}
