import { access, constants, readFile, rename, stat, writeFile } from "node:fs/promises";
import { z } from "zod";
import type { Host } from "../../host/host.ts";
import { ProcessLock } from "../../host/node/files/process-lock.ts";
import { temporaryBeside } from "../../host/node/files/temporary-name.ts";
import { UserError } from "../../user-error.ts";
import { isFolder } from "../../files/text/folders.ts";
import { join } from "../../files/text/path.ts";

/** Name of the studio's own folder in the data folder. */
export const projectName = ".tag2mask";

/** Where a server listens, and what its page must know. */
export interface Place {
  readonly port: number;
  readonly token: string;
}

/** The studio's own folder, locked for this process. */
export interface OpenProject {
  /** Absolute paths. */
  readonly root: string;
  readonly folder: string;
  /** Where a server was that had the folder and was killed: a page that it left open finds the next one there. */
  readonly before: Place | undefined;
  /** Tells other servers that want the folder where this one is. */
  announce(place: Place): Promise<void>;
  release(): Promise<void>;
}

/**
 * Opens the folder of a studio: `.tag2mask` in the data folder, or another one. A UserError if another server has it, with its
 * address.
 */
export async function openProject(
  { store }: Pick<Host, "store">,
  data: string,
  project: string | undefined,
): Promise<OpenProject> {
  const root = store.absolute(data);
  if (!(await isFolder(store, root))) {
    throw new UserError(`${data}: no such folder; name the folder of the images`, {
      code: "not-found",
    });
  }
  const folder = project === undefined ? join(root, projectName) : store.absolute(project);
  if (project !== undefined) checkOutside(root, folder);
  await makeWritable({ store }, folder, project === undefined);
  const path = join(folder, "store.lock");
  const placePath = join(folder, "server.json");
  const lock = await ProcessLock.take(path);
  if (!(lock instanceof ProcessLock)) {
    const { pid, host } = lock.owner;
    const place = await readPlace(placePath);
    const who = pid === undefined ? "another process" : `process ${pid}`;
    const where = host === undefined ? "" : ` of ${host}, another machine or container,`;
    const at = place ? ` at http://localhost:${place.port}/` : "";
    throw new UserError(
      `${folder}: ${who}${where} has a studio of this folder open${at}; use that one, or end it first`,
      { code: "locked" },
    );
  }
  return {
    root,
    folder,
    before: await readPlace(placePath),
    announce: (place) => writePlace(placePath, place),
    release: async () => {
      await store.remove(placePath).catch(() => undefined);
      await lock.release();
    },
  };
}

const placeSchema = z.object({
  port: z.number().int().min(1).max(65_535),
  token: z.string().regex(/^[\w-]{22}$/),
});

/** Reads what a server has left, if it is this person's own and nobody else could have read it. */
async function readPlace(path: string): Promise<Place | undefined> {
  try {
    const { mode, uid } = await stat(path);
    const isOwn = process.getuid === undefined || (uid === process.getuid() && (mode & 0o77) === 0);
    return isOwn ? placeSchema.parse(JSON.parse(await readFile(path, "utf8"))) : undefined;
  } catch {
    return undefined;
  }
}

async function writePlace(path: string, place: Place): Promise<void> {
  const temporary = temporaryBeside(path);
  await writeFile(temporary, `${JSON.stringify(place)}\n`, { mode: 0o600, flag: "wx" });
  await rename(temporary, path);
}

/** Images below the data folder belong to the data, unless the folder's name begins with a dot. */
function checkOutside(root: string, folder: string): void {
  const isInside = folder === root || folder.startsWith(`${root}/`);
  const [first = ""] = folder.slice(root.length + 1).split("/");
  if (!isInside || first.startsWith(".")) return;
  throw new UserError(
    `${folder}: lies in the data folder ${root}, so its images would be taken for data; choose a folder elsewhere, or a name that begins with a dot`,
  );
}

async function makeWritable(
  { store }: Pick<Host, "store">,
  folder: string,
  isInData: boolean,
): Promise<void> {
  try {
    await store.makeFolder(folder);
    await access(folder, constants.W_OK);
  } catch (error) {
    const reason = error instanceof UserError ? error.message : `${folder}: cannot be written`;
    if (!isInData) throw new UserError(reason, { cause: error });
    throw new UserError(reason, { cause: error, code: "unwritable-project" });
  }
}
