import type { Exports } from "./exports/exports.ts";
import type { ImageIndex } from "./images/image-index.ts";
import type { Library } from "./images/library.ts";
import type { MaskBook } from "./masks/mask-book.ts";
import type { TrainedModels } from "./models/trained-models.ts";
import type { PreferenceFile } from "./preferences.ts";
import type { Studio } from "./studio.ts";
import type { TagStore } from "./tags/tag-store.ts";

/** A studio with what only its own routes use. */
export interface OpenedStudio extends Studio {
  readonly images: ImageIndex;
  readonly library: Library;
  readonly preferences: PreferenceFile;
  readonly tags: TagStore;
  readonly masks: MaskBook;
  readonly models: TrainedModels;
  readonly exports: Exports;
}
