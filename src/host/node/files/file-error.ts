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

/** UserError for a file or folder that cannot be read. */
export function unreadable(path: string, cause: unknown): UserError {
  return new UserError(`${path}: cannot be read: ${describeFileError(cause)}`, { cause });
}
