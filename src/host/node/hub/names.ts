import { UserError } from "../../../user-error.ts";
import type { HubFile } from "../../hub.ts";

/** The Python library's rule for the parts of `owner/name`. */
const namePart = /^(?!.*(?:--|\.\.))[A-Za-z0-9_](?:[\w.-]{0,94}[A-Za-z0-9_])?$/;

const commitPattern = /^[0-9a-f]{40}$/;

/** Whether a revision is a commit, which never changes. */
export function isCommit(revision: string): boolean {
  return commitPattern.test(revision);
}

/** Throws a UserError unless the names are those of a file on a hub; such names stay inside any folder they are appended to. */
export function checkHubFile({ repository, revision, file }: HubFile): void {
  const parts = repository.split("/");
  if (parts.length !== 2 || !parts.every((part) => namePart.test(part))) {
    throw new UserError(
      `${repository}: is no repository of a hub; give owner/name in letters, digits, ".", "_" and "-"`,
    );
  }
  if (!isInnerPath(revision)) {
    throw new UserError(
      `${repository}: ${JSON.stringify(revision)} is no revision; give a branch, a tag or a commit`,
    );
  }
  if (!isInnerPath(file)) {
    throw new UserError(
      `${repository}: ${JSON.stringify(file)} is no file of a repository; give its path as the repository lists it`,
    );
  }
}

/** Whether a path leads into the folder that it is relative to, on every system. */
function isInnerPath(path: string): boolean {
  // eslint-disable-next-line no-control-regex
  if (path.length > 512 || /[\x00-\x1f\x7f\\:*?"<>|]/.test(path)) return false;
  return path.split("/").every((part) => part !== "" && !/^\.+$/.test(part) && !/[. ]$/.test(part));
}
