import { UserError } from "../../user-error.ts";
import type { YamlError } from "./yaml-sync.ts";

// A page loads the library with the first text that it reads or writes.
const load = (): Promise<typeof import("./yaml-sync.ts")> => import("./yaml-sync.ts");

/** The value of a YAML text: null for an empty one, a YamlError for one that cannot be read. */
export async function parseYaml(text: string): Promise<unknown> {
  return (await load()).parseYamlSync(text);
}

/** The value of a YAML file with this text; a UserError names the file and the line that is wrong. */
export async function parseYamlFile(text: string, path: string): Promise<unknown> {
  const { parseYamlSync } = await load();
  try {
    return parseYamlSync(text);
  } catch (error) {
    const { line, message } = error as YamlError;
    const where = line === undefined ? path : `${path}:${line}`;
    throw new UserError(`${where}: not readable as YAML: ${message}`, { cause: error });
  }
}

/** The YAML of a value, for readers of YAML 1.1 as well, which is what Python reads. */
export async function yamlOf(value: unknown): Promise<string> {
  return (await load()).writeYamlSync(value);
}
