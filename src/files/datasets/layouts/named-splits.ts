import type { Description } from "./description.ts";
import { stem } from "../../text/path.ts";
import type { Problem } from "../listing/listing.ts";

/** The splits that data.yaml puts images into, by their names with or without ending. */
export class NamedSplits {
  private readonly splitOf = new Map<string, string>();
  /** Names that no image had so far. */
  private readonly unknown = new Set<string>();

  constructor(
    private readonly description: Description,
    problems: Problem[],
  ) {
    for (const [split, { files, from }] of Object.entries(description.splits ?? {})) {
      for (const file of files) {
        const before = this.splitOf.get(file);
        if (before !== undefined && before !== split) {
          const message = `${file} is in the splits "${before}" and "${split}"; it can be in one only`;
          problems.push({ severity: "error", file: from, message });
        }
        this.splitOf.set(file, split);
        this.unknown.add(file);
      }
    }
  }

  /** The split of an image; `otherwise` if data.yaml says nothing of it. */
  of(file: string, otherwise: string | undefined): string | undefined {
    if (this.splitOf.size === 0) return otherwise;
    const bare = stem(file);
    this.unknown.delete(file);
    this.unknown.delete(bare);
    return this.splitOf.get(file) ?? this.splitOf.get(bare) ?? otherwise;
  }

  /** Warns of the names that no image had, once all have been asked for. */
  tellUnknown(problems: Problem[]): void {
    for (const [split, { files, from }] of Object.entries(this.description.splits ?? {})) {
      for (const file of files) {
        if (!this.unknown.has(file)) continue;
        const message = `split "${split}" names ${file}, which has no tags or is not there`;
        problems.push({ severity: "warning", file: from, message });
      }
    }
  }
}
