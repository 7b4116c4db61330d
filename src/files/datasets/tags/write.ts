import { basename } from "node:path";
import type { Dataset } from "../../../method/data/sample.ts";
import { UserError } from "../../../user-error.ts";
import { writeFileAtomic } from "../../../host/node/files/atomic-file.ts";
import { csvField } from "../../text/csv.ts";

/**
 * Writes the tags of a data set as a tags file, so that they need not be taken from its masks or annotations again.
 * Images of which nothing is known are not in it. Returns how many are.
 */
export async function writeTags(path: string, { classes, splits }: Dataset): Promise<number> {
  const seen = new Map<string, string>();
  for (const { image } of Object.values(splits).flat()) {
    const other = seen.get(basename(image));
    if (other !== undefined) {
      throw new UserError(
        `${path}: not written: ${other} and ${image} have one name, which tags would be for both`,
      );
    }
    seen.set(basename(image), image);
  }
  const rows = Object.entries(splits).flatMap(([split, samples]) =>
    samples
      .filter((sample) => !sample.untagged)
      .map(({ image, tags }) => {
        const names = tags.map((tag) => classes[tag]).join(";");
        return `${[basename(image), names, split].map(csvField).join(",")}\n`;
      }),
  );
  await writeFileAtomic(path, `file,tags,split\n${rows.join("")}`);
  return rows.length;
}
