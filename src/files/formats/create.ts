import type { ImageCodec } from "../../host/codec.ts";
import type { MaskFormat } from "./formats.ts";
import { CocoWriter } from "./coco/write.ts";
import { CvatWriter } from "./cvat/write.ts";
import { LabelStudioWriter } from "./label-studio/write.ts";
import { paletteWriter } from "./png/write-palette.ts";
import { voc2012Writer } from "./png/write-voc2012.ts";
import { ultralyticsWriter } from "./png/write-ultralytics.ts";
import type { MaskWriter, WriterOptions } from "./writer.ts";
import { YoloWriter } from "./yolo/write.ts";

/** Begins to write masks in a format. */
export async function openWriter(
  codec: ImageCodec,
  format: MaskFormat,
  options: WriterOptions,
): Promise<MaskWriter> {
  switch (format) {
    case "voc":
      return options.layout === "voc2012"
        ? voc2012Writer(codec, options)
        : paletteWriter(codec, options);
    case "coco":
      return CocoWriter.create(options);
    case "labelstudio":
      return LabelStudioWriter.create(options);
    case "cvat":
      return CvatWriter.create(codec, options);
    case "yolo":
      return YoloWriter.create(options);
    case "ultralytics":
      return ultralyticsWriter(options);
  }
}
