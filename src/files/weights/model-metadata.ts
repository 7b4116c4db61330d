import { parseConfig, type Config } from "../../method/config.ts";
import { validateClasses } from "../../method/images/classes.ts";
import { UserError } from "../../user-error.ts";

/** A list of class names stored as JSON with a model. */
export function parseList(file: string, text: string | undefined): string[] {
  const value = parseText(file, "classes", text);
  if (
    !Array.isArray(value) ||
    value.length === 0 ||
    !value.every((name) => typeof name === "string")
  ) {
    throw new UserError(`${file}: its classes are ${text}; expected a list of names`);
  }
  validateClasses(value, file);
  return value;
}

/** Validated settings stored as JSON with a model. */
export function readConfig(file: string, text: string | undefined): Config {
  return parseConfig({ file: { name: `${file}, config`, value: parseText(file, "config", text) } });
}

function parseText(file: string, key: string, text: string | undefined): unknown {
  if (text === undefined) {
    throw new UserError(
      `${file}: says nothing of its ${key}; give weights that tag2mask train wrote`,
    );
  }
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new UserError(`${file}: its ${key} are not readable: ${(error as Error).message}`, {
      cause: error,
    });
  }
}
