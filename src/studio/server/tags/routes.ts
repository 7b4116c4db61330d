import { Hono } from "hono";
import { newClassSchema, reloadTagsSchema, tagChangesSchema } from "../../protocol.ts";
import { readBody } from "../body.ts";
import { RequestError } from "../failure.ts";
import type { Images } from "../studio.ts";
import type { TagStore } from "./tag-store.ts";

/** `PUT /tags`, `POST /tags/reload`, `POST /classes`. */
export function tagRoutes(images: Images, tags: TagStore): Hono {
  return new Hono()
    .put("/tags", async (c) => {
      const { changes } = await readBody(c, tagChangesSchema);
      if (new Set(changes.map(({ id }) => id)).size < changes.length) {
        throw new RequestError(400, "invalid-input", "An image has several changes.");
      }
      const wanted = changes.map(({ id, rev, tags: list, untagged }) => {
        return { id, rev, tags: untagged ? undefined : [...new Set(list)].sort((a, b) => a - b) };
      });
      return c.json({ revs: await tags.change(wanted) });
    })
    .post("/tags/reload", async (c) => {
      const { keep } = await readBody(c, reloadTagsSchema);
      await tags.reload(keep);
      return c.json({});
    })
    .post("/classes", async (c) => {
      const { name } = await readBody(c, newClassSchema);
      await tags.addClass(name.normalize("NFC"));
      return c.json({ classes: [...images.classes] });
    });
}
