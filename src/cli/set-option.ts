import { InvalidArgumentError, type Command } from "commander";
import { parseYamlSync } from "../files/text/yaml-sync.ts";

/** `--set` and `--config`, for whatever trains. */
export function withSettings(command: Command): Command {
  return command
    .option("--config <file>", "settings from a YAML file, over those of the preset")
    .option("--set <key=value>", "one setting, over all others; may be repeated", setting);
}

/** Adds one `key=value` to those before; the value is read as YAML. */
export function setting(
  text: string,
  before: Readonly<Record<string, unknown>> = {},
): Record<string, unknown> {
  const [, key, value] = /^([^=]+)=(.*)$/s.exec(text) ?? [];
  if (key === undefined || value === undefined) {
    throw new InvalidArgumentError(`Expected key=value, found "${text}".`);
  }
  try {
    return { ...before, [key.trim()]: parseYamlSync(value) };
  } catch {
    throw new InvalidArgumentError(
      `Expected a number, word or list after ${key}=, found "${value}".`,
    );
  }
}
