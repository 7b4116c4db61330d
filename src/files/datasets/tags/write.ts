import type { Dataset } from "../../../method/data/sample.ts";
import { UserError } from "../../../user-error.ts";
import type { Store } from "../../../host/store.ts";
import { csvField } from "../../text/csv.ts";
import { basename } from "../../text/path.ts";

/**
 * Writes the tags of a data set as a CSV file, so that they need not be read from its masks or annotations again. Images
 * without known tags are left out. Returns the number of images written.
 */
export async function writeTags(
  store: Store,
  path: string,
  { classes, splits }: Dataset,
): Promise<number> {
  const pathByName = new Map<string, string>();
  for (const { image } of Object.values(splits).flat()) {
    const other = pathByName.get(basename(image));
    if (other !== undefined) {
      throw new UserError(
        `${path}: not written: ${other} and ${image} have the same file name, so their tags could not be told apart; rename one of them`,
      );
    }
    pathByName.set(basename(image), image);
  }
  const rows = Object.entries(splits).flatMap(([split, samples]) =>
    samples
      .filter((sample) => !sample.untagged)
      .map(({ image, tags }) => {
        const names = tags.map((tag) => classes[tag]).join(";");
        return `${[basename(image), names, split].map(csvField).join(",")}\n`;
      }),
  );
  await store.write([{ path, data: `file,tags,split\n${rows.join("")}` }]);
  return rows.length;
}
