import { UserError } from "../../../user-error.ts";

const reasons: Readonly<Record<string, string>> = {
  ENOENT: "no such file or folder",
  EACCES: "permission denied; check the permissions of the file and its folder",
  EPERM: "not permitted; check the permissions of the file and its folder",
  EROFS: "the disk is read-only",
  EIO: "the disk reports an input/output error; check it, or write elsewhere",
  ENOSPC: "no space left on the disk; free some or write elsewhere",
  EDQUOT: "disk quota used up; free some space or write elsewhere",
  EISDIR: "it is a folder, not a file",
  ENOTDIR: "a part of the path is a file, not a folder",
  EEXIST: "a file with this name exists",
  ENOTEMPTY: "it is a folder that is not empty",
  ENAMETOOLONG: "the name is too long",
  EMFILE: "too many open files; raise the limit with `ulimit -n`",
  ELOOP: "the links in the path form a loop",
};

/** Reason why a file operation failed, for the user. */
export function describeFileError(error: unknown): string {
  const code = error instanceof Error && "code" in error ? String(error.code) : "";
  return reasons[code] ?? (error instanceof Error ? error.message : String(error));
}

/** Whether the disk as a whole is at fault: it is full, broken or read-only. */
export function isDiskFailure(error: unknown): boolean {
  return ["ENOSPC", "EDQUOT", "EIO", "EROFS"].includes(
    String((error as NodeJS.ErrnoException).code),
  );
}

/** Waits for work on a file; a failure becomes a UserError that begins with `problem`. */
export async function orFailure<R>(problem: string, work: Promise<R>): Promise<R> {
  try {
    return await work;
  } catch (error) {
    throw failure(problem, error);
  }
}

/** UserError for a failed file operation; a UserError stays as it is. */
export function failure(problem: string, cause: unknown): UserError {
  if (cause instanceof UserError) return cause;
  return new UserError(`${problem}: ${describeFileError(cause)}`, { cause });
}

/** Waits for reading; a failure becomes the UserError of `unreadable`. */
export function orUnreadable<R>(path: string, reading: Promise<R>): Promise<R> {
  return orFailure(`${path}: cannot be read`, reading);
}

/** Waits for writing; a failure becomes a UserError as `unwritable` makes it. */
export function orUnwritable<R>(path: string, writing: Promise<R>): Promise<R> {
  return orFailure(`${path}: cannot be written`, writing);
}

export function unreadable(path: string, cause: unknown): UserError {
  return failure(`${path}: cannot be read`, cause);
}

export function unwritable(path: string, cause: unknown): UserError {
  return failure(`${path}: cannot be written`, cause);
}
