import type { MaskFinding } from "../files/formats/label-counts.ts";
import type { Output } from "./output.ts";
import { wordRemedies } from "./remedies.ts";

/** Prints findings about masks where their scores or sums are printed, so that they are read together. */
export function tellFindings(findings: readonly MaskFinding[], output: Output): void {
  for (const { message, remedies = [] } of findings) {
    const remedy = wordRemedies(remedies);
    output.say(`warning: ${message}${remedy === "" ? "" : `; ${remedy}`}`);
  }
}

/** The sentences of findings, for programs. */
export function messages(findings: readonly MaskFinding[]): string[] {
  return findings.map(({ message }) => message);
}
