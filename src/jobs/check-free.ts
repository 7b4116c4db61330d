import type { Store } from "../host/store.ts";
import { UserError } from "../user-error.ts";

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
