import { Hono } from "hono";
import { eventStream } from "./event-stream.ts";
import { exportRoutes } from "./exports/routes.ts";
import { answerFailure, notFound } from "./failure.ts";
import { imageRoutes } from "./images/routes.ts";
import { maskRoutes } from "./masks/routes.ts";
import { modelRoutes } from "./models/routes.ts";
import { pageRoutes } from "./page-files.ts";
import { preferenceRoutes } from "./preferences.ts";
import { reviewRoutes } from "./review/routes.ts";
import { sampleRoutes } from "./sample.ts";
import { limitedBodies, onlyOwnHost, onlyOwnPage, securityHeaders } from "./security.ts";
import { tagRoutes } from "./tags/routes.ts";
import { TrainingChoices } from "./training/choices.ts";
import { runRoutes } from "./training/routes.ts";
import type { OpenedStudio } from "./opened-studio.ts";

/** All that the server answers. */
export function studioApp(
  studio: OpenedStudio,
  { token, port }: { readonly token: string; readonly port: () => number },
): Hono {
  const api = new Hono()
    .use(onlyOwnPage(token))
    .use(limitedBodies)
    .get("/health", (c) => c.json({ ok: true, version: studio.host.version }))
    .get("/project", (c) => c.json(studio.project()))
    .get("/events", (c) =>
      eventStream(c, (send) =>
        studio.events.subscribe((event) =>
          send({ event: event.type, data: JSON.stringify(event) }),
        ),
      ),
    )
    .route("/", preferenceRoutes(studio.preferences))
    .route("/", sampleRoutes(studio.library))
    .route("/", imageRoutes(studio))
    .route("/", tagRoutes(studio.images, studio.tags))
    .route("/", runRoutes(studio.models.trainings, new TrainingChoices(studio.host, studio.events)))
    .route("/", modelRoutes(studio.models))
    .route("/", maskRoutes(studio, studio.masks))
    .route("/", reviewRoutes(studio, studio.masks))
    .route("/", exportRoutes(studio.exports));
  api.all("*", () => {
    throw notFound();
  });
  const app = new Hono().use(securityHeaders).use(onlyOwnHost(port));
  app.onError(answerFailure);
  app.notFound((c) => answerFailure(notFound(), c));
  return app.route("/api", api).route("/", pageRoutes());
}
