import { configurationFile } from "./label-studio/file-text.ts";
import { mergeCoco } from "./coco/merge.ts";
import { mergeCvat } from "./cvat/merge.ts";
import { formatFiles, type MaskFormat, type MaskLayout } from "./formats.ts";
import { mergeLabelStudio } from "./label-studio/merge.ts";
import type { Merger } from "./merger.ts";
import { mergeUltralytics } from "./png/merge-ultralytics.ts";
import { mergeVoc2012 } from "./png/merge-voc2012.ts";
import { grayMask } from "./png/write-ultralytics.ts";
import { paletteMask } from "./png/write-palette.ts";
import { voc2012Lists, voc2012Mask } from "./png/write-voc2012.ts";
import { mergeYolo } from "./yolo/merge.ts";
import { dataFile, sizesFile } from "./yolo/write.ts";

/** What becomes of the files of a format when shards are merged; the files of each image stay as they are. */
export interface MergedFormat {
  /** Files that hold several masks, below the folder of the format. */
  readonly files: readonly string[];
  /** Makes those files; absent if there are none. */
  readonly merge?: Merger;
  /** The mask of an image below the folder of the format, where it is a picture of its own. */
  readonly maskOf?: (name: string) => string;
}

export function mergedFormat(format: MaskFormat, layout: MaskLayout): MergedFormat {
  switch (format) {
    case "voc":
      return layout === "voc2012"
        ? { files: voc2012Lists, merge: mergeVoc2012, maskOf: voc2012Mask }
        : { files: [], maskOf: paletteMask };
    case "coco":
      return { files: [formatFiles.coco!], merge: mergeCoco };
    case "labelstudio": {
      const tasks = formatFiles.labelstudio!;
      return { files: [tasks, configurationFile(tasks)], merge: mergeLabelStudio };
    }
    case "cvat":
      return { files: [formatFiles.cvat!], merge: mergeCvat };
    case "yolo":
      return { files: [dataFile, sizesFile], merge: mergeYolo };
    case "ultralytics":
      return { files: [dataFile], merge: mergeUltralytics, maskOf: grayMask };
  }
}
