import { UserError } from "../../../user-error.ts";

const reasons: Readonly<Record<string, string>> = {
  ENOENT: "no such file or folder",
  EACCES: "permission denied; check the rights of the file and its folder",
  EPERM: "not permitted; check the rights of the file and its folder",
  EROFS: "the disk is read-only",
  ENOSPC: "no space left on the disk; free some or write elsewhere",
  EDQUOT: "disk quota used up; free some space or write elsewhere",
  EISDIR: "is a folder, a file was expected",
  ENOTDIR: "a part of the path is a file, a folder was expected",
  EEXIST: "a file of that name is in the way",
  ENOTEMPTY: "is a folder that is not empty, a file was expected",
  ENAMETOOLONG: "the name is too long",
  EMFILE: "too many open files; raise the limit with `ulimit -n`",
  ELOOP: "links lead in a circle",
};

/** Reason of a failed file operation, in words for the user. */
export function describeFileError(error: unknown): string {
  const code = error instanceof Error && "code" in error ? String(error.code) : "";
  return reasons[code] ?? (error instanceof Error ? error.message : String(error));
}

/** Waits for the work on a file; a failure becomes a UserError that begins with the given words. */
export async function inWords<R>(words: string, work: Promise<R>): Promise<R> {
  try {
    return await work;
  } catch (error) {
    throw failure(words, error);
  }
}

/** The UserError of a failed file operation; a UserError stays as it is. */
export function failure(words: string, cause: unknown): UserError {
  if (cause instanceof UserError) return cause;
  return new UserError(`${words}: ${describeFileError(cause)}`, { cause });
}

/** Waits for reading; a failure becomes the UserError of `unreadable`. */
export function orUnreadable<R>(path: string, reading: Promise<R>): Promise<R> {
  return inWords(`${path}: cannot be read`, reading);
}

/** Waits for writing; a failure becomes the UserError of `unwritable`. */
export function orUnwritable<R>(path: string, writing: Promise<R>): Promise<R> {
  return inWords(`${path}: cannot be written`, writing);
}

export function unreadable(path: string, cause: unknown): UserError {
  return failure(`${path}: cannot be read`, cause);
}

export function unwritable(path: string, cause: unknown): UserError {
  return failure(`${path}: cannot be written`, cause);
}
