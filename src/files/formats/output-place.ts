import type { FileHost } from "../../host/host.ts";
import { UserError } from "../../user-error.ts";
import { basename, extname, join } from "../text/path.ts";
import { formatFiles, type MaskFormat } from "./formats.ts";
import type { MaskFolderOptions } from "./mask-folder-options.ts";
import { checkSameSettings, UnfinishedJob } from "./unfinished-job.ts";

/** Endings of the files that accompany a format's single file. */
const companions = [".classes.json", ".confidence.csv", ".xml"] as const;

/** Whether a stopped job is to be continued; a UserError if that is not possible, or was not asked for. */
export async function stoppedJob(
  { store }: FileHost,
  path: string,
  state: string,
  { settings, resume = false, overwrite = false }: MaskFolderOptions,
): Promise<boolean> {
  if (settings === undefined || overwrite) return false;
  const job = await UnfinishedJob.find(store, state);
  if (!job) {
    if (!resume) return false;
    throw new UserError(`${path}: has no unfinished job to continue`, {
      code: "nothing-to-resume",
      remedies: [{ kind: "omit", name: "resume" }],
    });
  }
  checkSameSettings(path, job.settings, settings);
  if (resume) return true;
  throw new UserError(`${path}: holds this job unfinished, with ${job.finished} images finished`, {
    code: "unfinished",
    remedies: [
      { kind: "option", name: "resume", purpose: "computes only the rest" },
      { kind: "option", name: "overwrite", purpose: "begins anew" },
    ],
  });
}

/** Throws a UserError if files would be replaced, or the folder is not empty. */
export function checkVacant(
  path: string,
  root: string,
  single: boolean,
  existing: readonly string[],
): void {
  if (!single) {
    if (existing.length === 0) return;
    throw new UserError(
      `${path}: has ${existing.length} file(s) already; choose an empty or new folder`,
      { code: "not-empty", remedies: [{ kind: "option", name: "overwrite" }] },
    );
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
