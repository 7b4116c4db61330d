import { LabelCounts } from "../files/formats/label-counts.ts";
import type { MaskFolder, MaskOrigin } from "../files/formats/mask-folder.ts";
import type { MaskEntry } from "../files/formats/open.ts";
import type { Host } from "../host/host.ts";
import { checkMaskSize } from "../method/data/known-mask.ts";
import { ignoreIndex } from "../method/images/image.ts";
import { UserError } from "../user-error.ts";
import { asReadFacts, type ReadFacts } from "./conversion-totals.ts";
import type { OpenConversion } from "./convert-source.ts";
import type { JobOptions, SkippedEvent } from "./events.ts";

/** Masks of a source, from one to another, and where they are written. */
export interface ConvertedPart {
  readonly folder: MaskFolder;
  /** Number of the first mask, and that of the one after the last. */
  readonly first: number;
  readonly end: number;
  /** Fail on the first mask that cannot be read instead of leaving it out. */
  readonly strict: boolean;
}

export type ConvertedEvent =
  | { readonly type: "converted"; readonly facts: ReadFacts }
  /** @param code that of the error */
  | (SkippedEvent & { readonly index: number; readonly code: string });

/** Converts masks one after the other, until the signal is aborted. */
export async function* convertEach(
  { codec }: Pick<Host, "codec">,
  { source: { entries, classes }, ledger }: Pick<OpenConversion, "source" | "ledger">,
  { folder, first, end, strict }: ConvertedPart,
  { signal }: JobOptions,
): AsyncGenerator<ConvertedEvent> {
  for (let index = first; index < end; index++) {
    if (signal?.aborted) return;
    const entry = entries[index]!;
    const { name, fileName, image } = entry;
    const origin = {
      index,
      ...(fileName !== undefined && { fileName }),
      ...(image !== undefined && { source: image }),
    };
    const kept =
      folder.hasFinished(index) && (await folder.takeOver(name, originFor(origin), index));
    if (kept) {
      yield { type: "converted", facts: kept.facts as ReadFacts };
      continue;
    }
    let labels;
    ledger.takeEntries();
    try {
      labels = await readEntry(entry, classes);
      if (image !== undefined) checkMaskSize(labels, entry.where, await codec.header(image), image);
    } catch (error) {
      if (strict || !(error instanceof UserError)) throw error;
      const { message, code } = error;
      yield { type: "skipped", index, file: entry.where, message, code };
      continue;
    }
    const read = ledger.takeEntries();
    const facts: ReadFacts = { name, read, labels: new LabelCounts().add(name, labels.data) };
    await folder.write(name, labels, undefined, { ...origin, facts });
    yield { type: "converted", facts };
  }
}

/** The origin of a mask, if the facts of a journal, which may be damaged, are those of a conversion. */
function originFor(origin: MaskOrigin): (facts: unknown) => MaskOrigin | undefined {
  return (facts) => (asReadFacts(facts) ? origin : undefined);
}

/** Reads the labels of a mask and checks that all of them are classes. */
async function readEntry(
  entry: MaskEntry,
  classes: readonly string[],
): ReturnType<MaskEntry["read"]> {
  const labels = await entry.read();
  const unknown = labels.data.find((label) => label > classes.length && label !== ignoreIndex);
  if (unknown === undefined) return labels;
  throw new UserError(
    `${entry.where}: mask has label ${unknown}, but there are only ${classes.length} classes: ${classes.join(", ")}`,
  );
}
