import { Hono } from "hono";
import { UserError } from "../../user-error.ts";
import { join } from "../../files/text/path.ts";
import { preferencesSchema, type Preferences } from "../protocol.ts";
import { readBody } from "./body.ts";
import type { Studio } from "./studio.ts";

/** `GET|PUT /preferences`, kept in studio.json of the studio's folder. */
export function preferenceRoutes(studio: Pick<Studio, "host" | "folder">): Hono {
  const { store } = studio.host;
  const path = join(studio.folder, "studio.json");
  let current: Preferences | undefined;
  let last: Promise<void> = Promise.resolve();
  const read = async (): Promise<Preferences> => {
    current ??= await readPreferences(() => store.readText(path));
    return current;
  };
  return new Hono()
    .get("/preferences", async (c) => c.json(await read()))
    .put("/preferences", async (c) => {
      const wanted = await readBody(c, preferencesSchema);
      // One after the other: of two that come at once the later one stays.
      const written = last.then(async () => {
        await store.write([{ path, data: `${JSON.stringify(wanted, undefined, 2)}\n` }]);
        current = wanted;
      });
      last = written.catch(() => undefined);
      await written;
      return c.json(wanted);
    });
}

/** What is stored, or the defaults: a damaged file costs nothing but a few choices. */
async function readPreferences(text: () => Promise<string>): Promise<Preferences> {
  const defaults = preferencesSchema.parse({});
  try {
    const parsed = preferencesSchema.safeParse(JSON.parse(await text()));
    return parsed.success ? parsed.data : defaults;
  } catch (error) {
    if (error instanceof UserError || error instanceof SyntaxError) return defaults;
    throw error;
  }
}
