import type { Description } from "./description.ts";
import { stem } from "../../text/path.ts";
import type { Problem } from "../listing/listing.ts";

/** The splits of images according to data.yaml, which names the images with or without ending. */
export class NamedSplits {
  private readonly splits = new Map<string, string>();
  /** Names in data.yaml that have not been looked up yet. */
  private readonly unknown = new Set<string>();

  constructor(
    private readonly description: Description,
    problems: Problem[],
  ) {
    for (const [split, { files, from }] of Object.entries(description.splits ?? {})) {
      for (const file of files) {
        const other = this.splits.get(file);
        if (other !== undefined && other !== split) {
          const message = `${file} is in the splits "${other}" and "${split}"; it can be in only one`;
          problems.push({ severity: "error", file: from, message });
        }
        this.splits.set(file, split);
        this.unknown.add(file);
      }
    }
  }

  /** The split of an image; `otherwise` if data.yaml does not name the image. */
  splitOf(file: string, otherwise: string | undefined): string | undefined {
    if (this.splits.size === 0) return otherwise;
    const bare = stem(file);
    this.unknown.delete(file);
    this.unknown.delete(bare);
    return this.splits.get(file) ?? this.splits.get(bare) ?? otherwise;
  }

  /** Warns of names that no image has; to be called after all images have been looked up. */
  warnOfUnknown(problems: Problem[]): void {
    for (const [split, { files, from }] of Object.entries(this.description.splits ?? {})) {
      for (const file of files) {
        if (!this.unknown.has(file)) continue;
        const message = `split "${split}" names ${file}, which does not exist or has no tags`;
        problems.push({ severity: "warning", file: from, message });
      }
    }
  }
}
