import { unknownFile, type LostDetail } from "../files/formats/lost-details.ts";
import { counted } from "../files/text/units.ts";
import type { ConversionFacts, ConvertDoneEvent } from "../jobs/convert-job.ts";
import { tellFindings } from "./findings.ts";
import { lostLine } from "./lost-line.ts";
import type { Output } from "./output.ts";
import { wordRemedies } from "./remedies.ts";

/** What a conversion has made. */
export interface Conversion
  extends ConversionFacts, Pick<ConvertDoneEvent, "out" | "masks" | "skipped" | "lost"> {
  /** Whether it was given the folder of the images. */
  readonly hasImages: boolean;
}

const imagesRemedy = { kind: "option", name: "images", value: "<folder>" } as const;

/** Prints what a conversion has made, how it understood the source, and what was lost. */
export function printConversion(conversion: Conversion, seconds: number, output: Output): void {
  const { from, to, out, masks, skipped, objects, lost, notes, warnings, hasImages } = conversion;
  const leftOut = skipped > 0 ? `, ${skipped} left out` : "";
  const written = counted(masks, "mask");
  output.say(`${written} from ${from} to ${to.join(", ")} in ${seconds} s${leftOut}: ${out}`);
  for (const note of notes) output.say(note);
  tellFindings(warnings, output);
  if (lost.length === 0 && skipped === 0) {
    output.say(`nothing was lost${objects > 0 ? `: ${counted(objects, "object")} counted` : ""}`);
  }
  for (const detail of lost) {
    const isMended = !hasImages && isOfUnknownFile(detail);
    output.say(
      `${lostLine(detail, written)}${isMended ? `; ${wordRemedies([imagesRemedy])}` : ""}`,
    );
  }
}

function isOfUnknownFile({ what }: LostDetail): boolean {
  return Object.values<string>(unknownFile).includes(what);
}
