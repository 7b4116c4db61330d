import type { MaskFormat } from "../formats.ts";
import { CocoWriter } from "./coco.ts";
import { CvatWriter } from "./cvat.ts";
import { LabelStudioWriter } from "./label-studio.ts";
import { paletteWriter } from "./palette.ts";
import { ultralyticsWriter } from "./ultralytics.ts";
import type { MaskWriter, WriterOptions } from "./writer.ts";
import { YoloWriter } from "./yolo.ts";

export type { MaskRecord, MaskWriter, WriterOptions } from "./writer.ts";

/** Begins to write a format. */
export async function openWriter(format: MaskFormat, options: WriterOptions): Promise<MaskWriter> {
  switch (format) {
    case "voc":
      return paletteWriter(options);
    case "coco":
      return CocoWriter.create(options);
    case "labelstudio":
      return LabelStudioWriter.create(options);
    case "cvat":
      return CvatWriter.create(options);
    case "yolo":
      return YoloWriter.create(options);
    case "ultralytics":
      return ultralyticsWriter(options);
  }
}
