import { parseConfig, type Config } from "../../method/config.ts";
import { validateClasses } from "../../method/images/classes.ts";
import { UserError } from "../../user-error.ts";
import { parseJson } from "../text/parse-json.ts";

/** Parses a list of class names stored as JSON with a model. */
export function parseList(file: string, text: string | undefined): string[] {
  const value = parseText(file, "classes", text);
  if (
    !Array.isArray(value) ||
    value.length === 0 ||
    !value.every((name) => typeof name === "string")
  ) {
    throw new UserError(
      `${file}: the "classes" in its metadata are ${text}; expected a JSON list of class names`,
    );
  }
  validateClasses(value, file);
  return value;
}

/** Parses and validates the settings stored as JSON with a model. */
export function readConfig(file: string, text: string | undefined): Config {
  return parseConfig({ file: { name: `${file}, config`, value: parseText(file, "config", text) } });
}

function parseText(file: string, key: string, text: string | undefined): unknown {
  if (text === undefined) {
    throw new UserError(
      `${file}: has no "${key}" in its metadata; give weights from a tag2mask training`,
    );
  }
  try {
    return parseJson(text);
  } catch (error) {
    throw new UserError(
      `${file}: the "${key}" in its metadata is not JSON: ${(error as Error).message}; ` +
        "give weights from a tag2mask training",
      { cause: error },
    );
  }
}
