import { maskFormats, type MaskFormat } from "../files/formats/formats.ts";
import {
  areMaskCounts,
  LabelCounts,
  maskFindings,
  type MaskCounts,
  type MaskFinding,
} from "../files/formats/label-counts.ts";
import {
  areLedgerEntries,
  type LedgerEntry,
  type LostDetail,
} from "../files/formats/lost-details.ts";
import { unannotatedCode } from "../files/formats/unannotated.ts";
import { MergedLosses } from "../files/shards/merged-losses.ts";
import { isStoredText, type StoredText } from "../files/shards/stored-text.ts";
import { counted } from "../files/text/units.ts";

/** What reading a mask told, for a job that does not read it again. */
export interface ReadFacts {
  /** Name of the mask in its source. */
  readonly name: string;
  /** Entries in the ledger of objects. */
  readonly read: readonly LedgerEntry[];
  readonly labels: MaskCounts;
}

/** The facts of a journal or a shard, which may be damaged; undefined if they are none of a conversion. */
export function asReadFacts(value: unknown): ReadFacts | undefined {
  const facts = (value ?? {}) as Partial<Record<keyof ReadFacts, unknown>>;
  const isRead = areLedgerEntries(facts.read) && areMaskCounts(facts.labels);
  return isRead && typeof facts.name === "string" ? (facts as ReadFacts) : undefined;
}

/** What the plan of a divided conversion keeps of its source for the merge. */
export interface PlannedConversion {
  /** The path of the source. */
  readonly masks: StoredText;
  readonly from: MaskFormat;
  /** Whether the folder of the images was given. */
  readonly hasImages: boolean;
  readonly notes: readonly StoredText[];
  readonly opened: readonly LedgerEntry[];
}

/** The source that a plan, which may be damaged, tells; undefined if it tells none. */
export function asPlannedConversion(value: unknown): PlannedConversion | undefined {
  const facts = (value ?? {}) as Partial<Record<keyof PlannedConversion, unknown>>;
  const { masks, from, hasImages, notes, opened } = facts;
  const areNotes = Array.isArray(notes) && notes.every(isStoredText);
  const isFormat = maskFormats.some((format) => format === from);
  if (!areNotes || !isFormat || !isStoredText(masks) || typeof hasImages !== "boolean") {
    return undefined;
  }
  return areLedgerEntries(opened) ? (facts as PlannedConversion) : undefined;
}

/** What reading the masks of a conversion told, mask by mask. */
export class ConversionTotals {
  private readonly losses = new MergedLosses();
  private readonly counts = new LabelCounts();
  private unannotated = 0;

  /** @param opened what opening the source entered into the ledger */
  constructor(opened: readonly LedgerEntry[]) {
    this.losses.add(opened);
  }

  /** Adds a mask that was read. */
  add({ name, read, labels }: ReadFacts): void {
    this.losses.add(read);
    this.counts.repeat(name, labels);
  }

  /** Adds a mask that was left out. @param code that of the error */
  leaveOut(code: string | undefined): void {
    if (code === unannotatedCode) this.unannotated++;
  }

  /** Number of objects in the source. */
  get objects(): number {
    return this.losses.objects;
  }

  /** Details that were lost in reading. */
  lost(): LostDetail[] {
    return this.losses.list();
  }

  /** Reasons to doubt the masks. @param path that of the source */
  warnings(path: string, format: MaskFormat, classes: readonly string[]): MaskFinding[] {
    const folder = format === "voc" ? path : undefined;
    const findings = maskFindings(this.counts, classes, folder).map((finding): MaskFinding => ({
      ...finding,
      message: `${path}: ${finding.message}`,
    }));
    const { unannotated } = this;
    return unannotated > 0 ? [...findings, unannotatedFinding(path, unannotated)] : findings;
  }
}

/** What was left out because the file does not tell whether anybody looked at it. */
function unannotatedFinding(path: string, images: number): MaskFinding {
  return {
    message:
      `${path}: ${counted(images, "image")} without any annotation ${images === 1 ? "was" : "were"} left out: ` +
      "they may show nothing, or nobody may have looked at them",
    remedies: [
      {
        ...{ kind: "option", name: "unannotated", value: "background" },
        purpose: "takes them for background",
      },
    ],
  };
}
