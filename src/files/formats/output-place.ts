import type { Store } from "../../host/store.ts";
import { UserError } from "../../user-error.ts";
import { basename, extname, join } from "../text/path.ts";
import { occupants } from "../text/units.ts";
import { formatFiles, type MaskFormat } from "./formats.ts";
import type { MaskFolderOptions } from "./mask-folder-options.ts";
import { fileListName } from "./older-files.ts";
import { sweepTemporary } from "./temporary-files.ts";
import { UnfinishedJob, type OutputPlace } from "./unfinished-job.ts";

/** Endings of the files that accompany a format's single file. */
const companions = [".classes.json", ".confidence.csv", ".xml"] as const;

/**
 * Takes the place of a job's masks, so that nothing is replaced that must not be. Only a job with settings makes it its own; the state
 * that is returned has yet to begin.
 */
export async function claimPlace(
  store: Store,
  { root, ...place }: OutputPlace & { readonly root: string },
  { settings, overwrite = false, resume = false, always = false }: MaskFolderOptions,
): Promise<UnfinishedJob | undefined> {
  const { path, single } = place;
  const job =
    settings && (await UnfinishedJob.claim(store, place, { settings, overwrite, resume, always }));
  try {
    if (job?.continues || overwrite) {
      // A job that was killed, or whose disk failed, could not remove what it was writing.
      await sweepTemporary(store, root, single ? withCompanions(basename(path)) : undefined);
    } else {
      const ours = [basename(UnfinishedJob.folderOf(place)), fileListName];
      const { folders, files } = await store.list(root, { hidden: true });
      const existing = [...folders, ...files].filter((name) => !job || !ours.includes(name));
      checkVacant(path, root, single, existing);
    }
  } catch (error) {
    await job?.leave().catch(() => undefined);
    throw error;
  }
  return job;
}

/** Throws a UserError if files would be replaced, or the folder is not empty. */
function checkVacant(
  path: string,
  root: string,
  single: boolean,
  existing: readonly string[],
): void {
  if (!single) {
    if (existing.length === 0) return;
    throw new UserError(`${path}: has ${occupants(existing.length)} already`, {
      code: "not-empty",
      remedies: [{ kind: "empty-folder" }, { kind: "option", name: "overwrite" }],
    });
  }
  const own = withCompanions(basename(path));
  const file = existing.find((name) => own.includes(name));
  if (file === undefined) return;
  throw new UserError(`${join(root, file)}: exists already; choose another name`, {
    code: "already-exists",
    remedies: [{ kind: "option", name: "overwrite" }],
  });
}

/** The names of a format's single file and of those beside it. */
export function withCompanions(file: string): readonly string[] {
  const bare = file.slice(0, file.length - extname(file).length);
  return [file, ...companions.map((ending) => bare + ending)];
}

/** Whether a path is that of a format's single file, and not of a folder. */
export function isSingleFile(path: string, formats: readonly MaskFormat[]): boolean {
  const ending = extname(path).toLowerCase();
  if (ending !== ".json" && ending !== ".zip") return false;
  const [format, ...more] = formats;
  if (more.length === 0 && extname(formatFiles[format!] ?? "") === ending) return true;
  throw new UserError(
    `${path}: ${formats.join(" and ")} cannot be written as a ${ending} file; name a folder`,
  );
}
