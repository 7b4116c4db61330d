import type { CreateNodeOptions, DocumentOptions, SchemaOptions } from "yaml";

// A page loads either with the first text, and the parser, which is half of the package, only where there is one to read.

export const loadYaml = (): Promise<typeof import("./yaml-reading.ts")> =>
  import("./yaml-reading.ts");

/** The YAML of a value. */
export async function yamlOf(
  value: unknown,
  options: CreateNodeOptions & DocumentOptions & SchemaOptions = {},
): Promise<string> {
  const { Document } = await import("./yaml-writing.ts");
  return new Document(value, options).toString();
}
