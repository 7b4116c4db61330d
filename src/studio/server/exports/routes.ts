import { Hono } from "hono";
import type { MaskFormat } from "../../../files/formats/formats.ts";
import { maskFormats } from "../../../files/formats/formats.ts";
import { exportRequestSchema, modelExportSchema } from "../../protocol.ts";
import { readBody } from "../body.ts";
import type { Exports } from "./exports.ts";

const descriptions: Readonly<Record<MaskFormat, string>> = {
  voc: "PNG masks in VOC's palette: the index is the label, 255 is ignored",
  coco: "COCO instances, one JSON file with run lengths",
  labelstudio: "Label Studio tasks with brush labels, one JSON file",
  cvat: "CVAT's Segmentation mask 1.1, one zip",
  yolo: "YOLO outlines, a text file for each image; ignored pixels become background",
  ultralytics: "Gray PNG masks for Ultralytics' semantic segmentation",
};

export function exportRoutes(exports: Exports): Hono {
  return new Hono()
    .get("/export/formats", (c) =>
      c.json({
        formats: maskFormats.map((name) => ({ name, description: descriptions[name] })),
      }),
    )
    .post("/export/check", async (c) => {
      const request = await readBody(c, exportRequestSchema);
      return c.json(await exports.check(request, c.req.raw.signal));
    })
    .post("/export", async (c) =>
      c.json(await exports.start(await readBody(c, exportRequestSchema))),
    )
    .post("/export/model", async (c) =>
      c.json(await exports.startModel(await readBody(c, modelExportSchema))),
    )
    .get("/exports", (c) => c.json(exports.list()));
}
