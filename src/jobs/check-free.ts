import type { Store } from "../host/store.ts";
import { occupants } from "../files/text/units.ts";
import { UserError, type Remedy } from "../user-error.ts";

/** Throws a UserError if a file to write is the one that is read, or exists and must not be replaced. */
export async function checkFree(
  store: Store,
  paths: readonly string[],
  source: string,
  overwrite: boolean,
): Promise<void> {
  const another = { kind: "option", name: "out", instead: true } as const;
  for (const path of paths) {
    if (store.absolute(path) === store.absolute(source)) {
      throw new UserError(`${path}: is the file that is read`, {
        code: "output-is-input",
        remedies: [another],
      });
    }
    if (!overwrite && (await store.exists(path))) {
      throw new UserError(`${path}: already exists`, {
        code: "exists",
        remedies: [another, { kind: "option", name: "overwrite" }],
      });
    }
  }
}

/**
 * Throws a UserError if a folder to write into exists and has files or folders.
 * @param except a name that does not count
 */
export async function checkEmpty(
  store: Store,
  folder: string,
  remedies: readonly Remedy[] = [],
  except?: string,
): Promise<void> {
  if ((await store.stat(folder))?.kind !== "folder") return;
  const { files, folders } = await store.list(folder, { hidden: true, sorted: false });
  const count = [...files, ...folders].filter((name) => name !== except).length;
  if (count === 0) return;
  throw new UserError(`${folder}: has ${occupants(count)} already`, {
    code: "not-empty",
    remedies: [{ kind: "empty-folder" }, ...remedies],
  });
}
