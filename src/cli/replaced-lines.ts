import type { Replaced } from "../files/formats/older-files.ts";
import { listNames } from "../files/text/list-names.ts";
import { counted } from "../files/text/units.ts";
import type { Output } from "./output.ts";

/** Most files that a line names. */
const mostNames = 5;

/** Tells what became of the files of earlier jobs that the new one has not written again. */
export function tellReplaced({ removed, changed, others }: Replaced, output: Output): void {
  if (removed > 0) output.say(`${counted(removed, "file")} of the job before removed`);
  if (changed.length > 0) {
    output.say(
      `${counted(changed.length, "file")} of the job before kept, changed since: ${listNames(changed, mostNames)}`,
    );
  }
  if (others.length > 0) {
    output.say(
      `not of this job and left as found: ${counted(others.length, "file")} beside its own: ${listNames(others, mostNames)}`,
    );
  }
}
