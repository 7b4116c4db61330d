import type { Context } from "hono";
import { z } from "zod";
import { RequestError } from "./failure.ts";

/** The JSON of a request's body, as the schema has it. */
export async function readBody<Schema extends z.ZodType>(
  c: Context,
  schema: Schema,
): Promise<z.output<Schema>> {
  if (!/^application\/json\b/i.test(c.req.header("content-type") ?? "")) {
    throw new RequestError(415, "invalid-input", "The body must be application/json.");
  }
  let value: unknown;
  try {
    value = await c.req.json();
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    throw new RequestError(400, "invalid-input", "The body is not JSON.");
  }
  return checked(schema, value);
}

/** A value as the schema has it; a RequestError says where it is not. */
export function checked<Schema extends z.ZodType>(
  schema: Schema,
  value: unknown,
): z.output<Schema> {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const { path, message } = parsed.error.issues[0]!;
  const where = path.length > 0 ? `${path.join(".")}: ` : "";
  throw new RequestError(400, "invalid-input", `${where}${message}`);
}
