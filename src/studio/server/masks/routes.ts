import { Hono, type Context } from "hono";
import { resetMaskSchema, verdictRequestSchema } from "../../protocol.ts";
import { readBody } from "../body.ts";
import { RequestError } from "../failure.ts";
import { imageOf } from "../images/routes.ts";
import type { Studio } from "../studio.ts";
import type { MaskBook } from "./mask-book.ts";

/** The mask of an image, its strokes and its verdict. */
export function maskRoutes(studio: Pick<Studio, "images">, masks: MaskBook): Hono {
  return new Hono()
    .get("/images/:id/mask", async (c) => {
      const image = imageOf(studio, c);
      if (c.req.query("of") === "draft") {
        const runs = await masks.sendDraft(image);
        const { maskRev } = studio.images.facts(image.id);
        return maskAnswer(c, { rev: maskRev, source: runs ? "draft" : "none", runs });
      }
      return maskAnswer(c, await masks.send(image));
    })
    .post("/images/:id/strokes", async (c) => {
      const image = imageOf(studio, c);
      const given = c.req.header("if-match") ?? "";
      if (!/^\d{1,9}$/.test(given)) {
        throw new RequestError(428, "invalid-input", "The header if-match must have the revision of the mask."); // prettier-ignore
      }
      const patch = new Uint8Array(await c.req.arrayBuffer());
      return c.json({ rev: await masks.paint(image, Number(given), patch) });
    })
    .post("/images/:id/verdict", async (c) => {
      const image = imageOf(studio, c);
      const { rev, verdict } = await readBody(c, verdictRequestSchema);
      await masks.judge(image, rev, verdict);
      return c.json({ rev });
    })
    .post("/images/:id/mask/reset", async (c) => {
      const image = imageOf(studio, c);
      const { rev } = await readBody(c, resetMaskSchema);
      return c.json({ rev: await masks.reset(image, rev) });
    });
}

function maskAnswer(
  c: Context,
  mask: { rev: number; source: string; runs: Uint8Array | undefined },
): Response {
  return c.body(Uint8Array.from(mask.runs ?? []), 200, {
    "content-type": "application/octet-stream",
    "cache-control": "no-cache",
    "x-mask-rev": String(mask.rev),
    "x-mask-source": mask.source,
  });
}
