import { Hono } from "hono";
import { join } from "../../files/text/path.ts";
import type { Store } from "../../host/store.ts";
import { UserError } from "../../user-error.ts";
import { preferencesSchema, type Preferences } from "../protocol.ts";
import { readBody } from "./body.ts";

/** What a person prefers, kept in studio.json of the studio's folder. */
export class PreferenceFile {
  private last: Promise<void> = Promise.resolve();
  private readonly listeners: ((now: Preferences, before: Preferences) => void)[] = [];

  private constructor(
    private readonly store: Store,
    private readonly path: string,
    private known: Preferences,
  ) {}

  static async open(store: Store, folder: string): Promise<PreferenceFile> {
    const path = join(folder, "studio.json");
    return new PreferenceFile(store, path, await readPreferences(() => store.readText(path)));
  }

  get current(): Preferences {
    return this.known;
  }

  /** @param listen is called after each change */
  onChange(listen: (now: Preferences, before: Preferences) => void): void {
    this.listeners.push(listen);
  }

  /** Resolves once they are on the disk. One after the other: of two that come at once the later one stays. */
  async set(wanted: Preferences): Promise<void> {
    const written = this.last.then(async () => {
      const data = `${JSON.stringify(wanted, undefined, 2)}\n`;
      await this.store.write([{ path: this.path, data }]);
      const before = this.known;
      this.known = wanted;
      for (const listen of this.listeners) listen(wanted, before);
    });
    this.last = written.catch(() => undefined);
    await written;
  }
}

/** `GET|PUT /preferences` */
export function preferenceRoutes(preferences: PreferenceFile): Hono {
  return new Hono()
    .get("/preferences", (c) => c.json(preferences.current))
    .put("/preferences", async (c) => {
      const wanted = await readBody(c, preferencesSchema);
      await preferences.set(wanted);
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
