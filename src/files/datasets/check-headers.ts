import type { ImageHeader } from "../../host/codec.ts";
import type { FileHost } from "../../host/host.ts";
import type { Sample } from "../../method/data/sample.ts";
import { UserError } from "../../user-error.ts";
import { pathOf, type Entry } from "./listing/entry.ts";
import type { Problem } from "./listing/listing.ts";

/** Most images whose headers are read when a data set is opened, which takes a second or two. */
const headerLimit = 4000;

/** Whether opening a data set reads the headers of its images and masks, or trusts the names alone. */
export function mayReadHeaders(images: number, { strict }: { readonly strict: boolean }): boolean {
  return strict || images <= headerLimit;
}

/** The header of an image, if it can be read, and the problem with the image or its mask, if there is one. */
export async function checkHeaders(
  { codec }: FileHost,
  sample: Sample,
  entry: Entry,
): Promise<{ header?: ImageHeader; problem?: Problem }> {
  const path = pathOf(entry);
  let header: ImageHeader;
  try {
    header = await codec.header(path);
  } catch (error) {
    const message = `${messageWithoutPath(error, path)}; left out`;
    return { problem: { severity: "warning", file: path, message, leftOut: true } };
  }
  if (sample.mask === undefined) return { header };
  const { width, height } = header;
  try {
    const mask = entry.maskSize ?? (await codec.header(sample.mask));
    if (mask.width === width && mask.height === height) return { header };
    const message = `mask is ${mask.width}x${mask.height}, but its image ${path} is ${width}x${height}`;
    return { header, problem: { severity: "error", file: entry.mask!, message } };
  } catch (error) {
    const message = messageWithoutPath(error, sample.mask);
    return { header, problem: { severity: "error", file: entry.mask!, message } };
  }
}

/** The message of a UserError without the path at its beginning. */
export function messageWithoutPath(error: unknown, path: string): string {
  if (!(error instanceof UserError)) throw error;
  return error.message.startsWith(`${path}: `)
    ? error.message.slice(path.length + 2)
    : error.message;
}
