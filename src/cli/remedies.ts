import { ranges } from "../files/text/ranges.ts";
import { counted } from "../files/text/units.ts";
import type { Remedy, RemedyOption } from "../user-error.ts";

/** Remedies in the words of the command line, any one of them: `give another --out, or give --overwrite`. */
export function wordRemedies(remedies: readonly Remedy[]): string {
  return remedies.map(word).join(", or ");
}

function word(remedy: Remedy): string {
  switch (remedy.kind) {
    case "option": {
      const value = remedy.value === undefined ? "" : ` ${remedy.value}`;
      if (remedy.purpose !== undefined) return `${flagOf(remedy.name)}${value} ${remedy.purpose}`;
      return `${remedy.instead ? "give another" : "give"} ${flagOf(remedy.name)}${value}`;
    }
    case "empty-folder":
      return "choose an empty or new folder";
    case "omit":
      return `leave ${flagOf(remedy.name)} out`;
    case "setting":
      return remedy.value === undefined
        ? `change it with --set ${remedy.key}=…`
        : `give --set ${remedy.key}=${remedy.value}`;
    case "retrain": {
      const { key, current, weights } = remedy;
      const lower = `a lower --set ${key} (now ${current})`;
      return weights === undefined
        ? `start again with ${lower}`
        : `train on from it with --weights ${weights} and ${lower}`;
    }
    case "cuda-libraries":
      return (
        "`tag2mask doctor --install cuda` downloads CUDA's libraries, " +
        "for a machine with an NVIDIA GPU and CUDA 12"
      );
    case "tasks": {
      const { tasks, of } = remedy;
      const list = ranges(tasks);
      const name = tasks.length === 1 ? `task ${list[0]!}` : `tasks ${inWords(list)}`;
      const which = list.length > mostRanges ? counted(tasks.length, "task") : name;
      return `run ${which} of ${of} again, ${arrayOf(tasks)}`;
    }
    case "job": {
      const { name, argument, options = {}, purpose } = remedy;
      const words = Object.entries(options).flatMap(([key, value]) => [
        flagOf(key),
        ...(value === true ? [] : [asWord(value)]),
      ]);
      const command = ["tag2mask", name, ...(argument === undefined ? [] : [argument]), ...words];
      return purpose === undefined
        ? `run: ${command.join(" ")}`
        : `\`${command.join(" ")}\` ${purpose}`;
    }
  }
}

/** Most ranges of tasks that a sentence names. */
const mostRanges = 12;

/** Tasks as an option of a job array of SLURM: `--array=1,3-7`. */
export function arrayOf(tasks: readonly number[]): string {
  return `--array=${ranges(tasks).join(",")}`;
}

/** `a, b and c` */
function inWords(words: readonly string[]): string {
  const [last = "", ...others] = [...words].reverse();
  return others.length === 0 ? last : `${others.reverse().join(", ")} and ${last}`;
}

/** A value as one word of a shell, if it has spaces; `<…>` stands for something to fill in. */
export function asWord(value: string): string {
  return /\s/.test(value) && !value.startsWith("<") ? `"${value}"` : value;
}

/** `resetHeads` as `--reset-heads`. */
export function flagOf(name: RemedyOption | (string & {})): string {
  return `--${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
}
