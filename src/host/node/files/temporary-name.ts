import { basename, dirname, join } from "node:path";

let count = 0;

/** A hidden name beside a file, for its content until that is complete; unique for every call in every process. */
export function temporaryBeside(path: string): string {
  return join(dirname(path), `.${basename(path)}.${process.pid}-${count++}.tmp`);
}
