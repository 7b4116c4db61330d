import { csvField } from "../text/csv.ts";

/** Name of the table of confidences in a folder of masks. */
export const confidenceFile = "confidence.csv";

/** The first line of the table. */
export const confidenceHead = "name,confidence,tags,missing\n";

export interface ConfidenceRow {
  readonly name: string;
  /** Confidence of the mask, 0..1. */
  readonly confidence: number;
  /** Names of the classes in the image. */
  readonly tags: readonly string[];
  /** Those of the tags that no pixel of the mask shows. */
  readonly missing: readonly string[];
}

/** The line of a mask. */
export function confidenceLine({ name, confidence, tags, missing }: ConfidenceRow): string {
  const fields = [name, confidence.toFixed(4), tags.join(";"), missing.join(";")];
  return `${fields.map(csvField).join(",")}\n`;
}
