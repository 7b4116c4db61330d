import { randomInt } from "node:crypto";
import { basename, dirname, join } from "node:path";

// Not the number of the process: the first process of every container has number 1.
const unique = randomInt(36 ** 8).toString(36);
let count = 0;

/** A hidden name beside a file, for its content until that is complete; unique for every call in every process and thread. */
export function temporaryBeside(path: string): string {
  return join(dirname(path), `.${basename(path)}.${unique}-${count++}.tmp`);
}
