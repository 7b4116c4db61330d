import { UserError } from "../../../user-error.ts";

/** Names of a browser's errors, and what they mean for a file. */
const reasons: Readonly<Record<string, string>> = {
  NotFoundError: "no such file or folder",
  QuotaExceededError:
    "the browser gives this site no more storage; remove runs or results of this page, or free space on the disk",
  NotAllowedError: "the browser does not permit it; drop or choose the folder again",
  SecurityError:
    "the browser does not permit it; open the page over https, not in a private window",
  NotReadableError:
    "it was changed, moved or removed after it was dropped, or may not be read; drop or choose it again",
  NoModificationAllowedError: "it is open in another tab or worker of this page; close that one",
  InvalidModificationError: "it is in use, or a folder that is not empty",
  TypeMismatchError: "there is a folder where a file is expected, or a file where a folder is",
  InvalidStateError: "it was changed by another tab or worker at the same time; try again",
};

/** Reason why a file operation failed, for the user. */
export function describeFileError(error: unknown): string {
  const name = error instanceof Error ? error.name : "";
  return reasons[name] ?? (error instanceof Error ? error.message : String(error));
}

/** Whether an error means that nothing has this path. */
export function isMissing(error: unknown): boolean {
  return error instanceof DOMException && error.name === "NotFoundError";
}

/** UserError for a failed file operation; a UserError stays as it is. */
export function failure(problem: string, cause: unknown): UserError {
  if (cause instanceof UserError) return cause;
  return new UserError(`${problem}: ${describeFileError(cause)}`, { cause });
}

/** Waits for work on a file; a failure becomes a UserError that begins with `problem`. */
export async function orFailure<R>(problem: string, work: Promise<R>): Promise<R> {
  try {
    return await work;
  } catch (error) {
    throw failure(problem, error);
  }
}

export function orUnreadable<R>(path: string, reading: Promise<R>): Promise<R> {
  return orFailure(`${path}: cannot be read`, reading);
}

export function orUnwritable<R>(path: string, writing: Promise<R>): Promise<R> {
  return orFailure(`${path}: cannot be written`, writing);
}
