import { z } from "zod";

/** `GET /api/export/formats` */
export const exportFormatsSchema = z.object({
  formats: z.array(z.object({ name: z.string(), description: z.string() })),
});
/** `POST /api/export/check` tells what would be lost, `POST /api/export` writes; both take this. */
export const exportRequestSchema = z.object({
  formats: z.array(z.string().max(40)).min(1).max(20),
  which: z.enum(["reviewed", "all"]),
  overlays: z.boolean().default(false),
  /** Folder name below `.tag2mask/exports`; the first free one by default. */
  name: z.string().max(100).optional(),
});
export type ExportRequest = z.input<typeof exportRequestSchema>;
export const exportCheckSchema = z.object({
  images: z.number(),
  /** Images left out, with the reason. */
  leftOut: z.array(z.object({ reason: z.string(), images: z.number() })),
  /** Sentences about what a format cannot hold. */
  losses: z.array(z.object({ format: z.string(), message: z.string() })),
});
export type ExportCheck = z.infer<typeof exportCheckSchema>;
/** `POST /api/export/model` */
export const modelExportSchema = z.object({
  model: z.string().max(200),
  format: z.enum(["onnx", "transformers.js"]),
  /** Bits of a weight. */
  precision: z.enum(["fp32", "fp16", "int8"]).default("fp32"),
});
/** Result of an export, which can take long: `GET /api/exports` lists them, newest first. */
export const exportSchema = z.object({
  id: z.string(),
  state: z.enum(["running", "done", "failed"]),
  done: z.number(),
  total: z.number(),
  /** Absolute path of what was written. */
  path: z.string(),
  files: z.number(),
  error: z.string().nullable(),
  losses: z.array(z.object({ format: z.string(), message: z.string() })),
});
export type Export = z.infer<typeof exportSchema>;
