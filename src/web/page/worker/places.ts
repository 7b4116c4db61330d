import { safeFileName } from "../../../files/text/file-name.ts";
import { UserError } from "../../../user-error.ts";

/** Folders in the storage of the page: one for the runs, and one for the images that they are trained on. */
export const runsFolder = "/runs";
export const dataFolder = "/data";

/** The folder of a run. */
export function runFolder(name: string): string {
  return `${runsFolder}/${checked(name)}`;
}

/** The folder of the images that a run is trained on. */
export function imagesFolder(name: string): string {
  return `${dataFolder}/${checked(name)}`;
}

function checked(name: string): string {
  if (name.trim() !== "" && safeFileName(name) === name) return name;
  throw new UserError(
    `${name || "name"}: cannot be the name of a training; try ${safeFileName(name)}`,
  );
}
