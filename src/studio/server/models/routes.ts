import { Hono } from "hono";
import { z } from "zod";
import { compareRequestSchema, newDraftsSchema, suggestRequestSchema } from "../../protocol.ts";
import { checked, readBody } from "../body.ts";
import { priorities } from "./model-queue.ts";
import type { TrainedModels } from "./trained-models.ts";

const idSchema = z.coerce.number().int().min(0);
const layersSchema = z.object({
  model: z.string().max(200),
  /** Only computes and stores them, when there is nothing else to do. */
  prefetch: z.enum(["1"]).optional(),
});
const tokenSchema = z.object({
  model: z.string().max(200),
  token: z.coerce.number().int().min(0),
});

/** What models see, suggest and draft. */
export function modelRoutes(models: TrainedModels): Hono {
  const headers = { "content-type": "application/octet-stream" };
  return new Hono()
    .get("/models", (c) => c.json(models.list()))
    .get("/images/:id/layers", async (c) => {
      const id = checked(idSchema, c.req.param("id"));
      const { model, prefetch } = checked(layersSchema, c.req.query());
      const { signal } = c.req.raw;
      const priority = prefetch ? priorities.ahead : priorities.shown;
      const bytes = await models.layers(id, model, { priority, signal });
      return prefetch ? c.body(null, 204) : c.body(Uint8Array.from(bytes), 200, headers);
    })
    .get("/images/:id/affinity", async (c) => {
      const id = checked(idSchema, c.req.param("id"));
      const { model, token } = checked(tokenSchema, c.req.query());
      const bytes = await models.token(id, model, token, { signal: c.req.raw.signal });
      return c.body(Uint8Array.from(bytes), 200, headers);
    })
    .post("/suggest", async (c) => {
      const { ids } = await readBody(c, suggestRequestSchema);
      return c.json(await models.suggest(ids, c.req.raw.signal));
    })
    .get("/drafts", (c) => c.json(models.drafts()))
    .post("/drafts", async (c) => {
      const { model, method } = await readBody(c, newDraftsSchema);
      return c.json(await models.startDrafts(model, method));
    })
    .post("/drafts/stop", async (c) => c.json(await models.stopDrafts()))
    .post("/compare", async (c) => {
      const { before, after } = await readBody(c, compareRequestSchema);
      return c.json(await models.compare(before, after));
    });
}
