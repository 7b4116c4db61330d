import { Hono } from "hono";
import type { MaskBook } from "../masks/mask-book.ts";
import type { Studio } from "../studio.ts";
import { reviewSummary } from "./summary.ts";

export function reviewRoutes(studio: Pick<Studio, "images">, masks: MaskBook): Hono {
  return new Hono().get("/review/summary", async (c) => c.json(await reviewSummary(studio, masks)));
}
