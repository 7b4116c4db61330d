import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { Hono } from "hono";
import { newRunSchema } from "../../protocol.ts";
import { readBody } from "../body.ts";
import { eventStream } from "../event-stream.ts";
import { notFound } from "../failure.ts";
import type { TrainingChoices } from "./choices.ts";
import { sendRunEvents } from "./run-events.ts";
import type { Runs } from "./runs.ts";

/** Trainings: what they can be made of, their states, logs and samples, starting, stopping and going on. */
export function runRoutes(runs: Runs, choices: TrainingChoices): Hono {
  return new Hono()
    .get("/choices", async (c) => c.json(await choices.read()))
    .get("/runs", (c) => c.json(runs.list()))
    .post("/runs", async (c) => c.json(await runs.start(await readBody(c, newRunSchema))))
    .get("/runs/:id", (c) => c.json(runs.get(c.req.param("id")).run))
    .post("/runs/:id/stop", async (c) => c.json(await runs.stop(c.req.param("id"))))
    .post("/runs/:id/resume", async (c) => c.json(await runs.resume(c.req.param("id"))))
    .get("/runs/:id/events", (c) => {
      const run = runs.get(c.req.param("id"));
      const lastId = c.req.header("last-event-id");
      return eventStream(c, (send) => sendRunEvents(run, lastId, send));
    })
    .get("/runs/:id/samples/:file", async (c) => {
      const run = runs.get(c.req.param("id"));
      const file = `samples/${c.req.param("file")}`;
      // Only what the log names: nothing else is reachable by this address.
      if (!run.summary.samples.has(file) || !file.endsWith(".jpg")) throw notFound();
      const bytes = await readFile(join(run.path, file)).catch(() => {
        throw notFound();
      });
      return c.body(Uint8Array.from(bytes), 200, { "content-type": "image/jpeg" });
    });
}
