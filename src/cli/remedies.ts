import type { Remedy, RemedyOption } from "../user-error.ts";

/** Remedies in the words of the command line, any one of them: `give --out another.zip, or --overwrite`. */
export function wordRemedies(remedies: readonly Remedy[]): string {
  return remedies.map(word).join(", or ");
}

function word(remedy: Remedy): string {
  switch (remedy.kind) {
    case "option": {
      const value = remedy.value === undefined ? "" : ` ${remedy.value}`;
      return `${remedy.instead ? "give another" : "give"} ${flag(remedy.name)}${value}`;
    }
    case "omit":
      return `leave ${flag(remedy.name)} out`;
    case "setting":
      return remedy.value === undefined
        ? `change it with --set ${remedy.key}=…`
        : `give --set ${remedy.key}=${remedy.value}`;
    case "job": {
      const { name, argument, options = {}, purpose } = remedy;
      const words = Object.entries(options).flatMap(([key, value]) => [
        flag(key),
        ...(value === true ? [] : [value]),
      ]);
      const command = ["tag2mask", name, ...(argument === undefined ? [] : [argument]), ...words];
      return purpose === undefined
        ? `run: ${command.join(" ")}`
        : `\`${command.join(" ")}\` ${purpose}`;
    }
  }
}

/** `resetHeads` as `--reset-heads`. */
function flag(name: RemedyOption | (string & {})): string {
  return `--${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
}
