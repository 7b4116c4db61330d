import { Hono } from "hono";
import { sampleRequestSchema } from "../protocol.ts";
import { readBody } from "./body.ts";
import { conflict } from "./failure.ts";
import type { Library } from "./images/library.ts";

/** `POST /sample`: scenes to try everything with, for a data folder without images. They are written in the background. */
export function sampleRoutes(library: Library): Hono {
  return new Hono().post("/sample", async (c) => {
    const { images } = await readBody(c, sampleRequestSchema);
    const { table } = library.index;
    if (library.indexing !== null || table.order.length > 0 || table.head.tagsFile !== null) {
      throw conflict("The sample is for a folder without images and tags; this one has some.");
    }
    library.writeSample(images).catch((error: unknown) => {
      library.failure = error instanceof Error ? error.message : String(error);
      library.announce();
    });
    return c.json({}, 202);
  });
}
