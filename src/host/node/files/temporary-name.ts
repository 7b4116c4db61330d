import { basename, dirname, join } from "node:path";

let count = 0;

/** A hidden name in the folder of a file, for its content until it is complete; different at every call and in every process. */
export function temporaryBeside(path: string): string {
  return join(dirname(path), `.${basename(path)}.${process.pid}-${count++}.tmp`);
}
