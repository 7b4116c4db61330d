import type { FileHost } from "../../host/host.ts";
import type { Sample } from "../../method/data/sample.ts";
import { UserError } from "../../user-error.ts";
import { pathOf, type Entry, type Size } from "./listing/entry.ts";
import type { Problem } from "./listing/listing.ts";

/** Most images whose headers are read when a data set is opened, which takes a second or two. */
const headerLimit = 4000;

/** Whether opening a data set reads the headers of its images and masks, or trusts the names alone. */
export function mayReadHeaders(images: number, { strict }: { readonly strict: boolean }): boolean {
  return strict || images <= headerLimit;
}

/** What the headers of an image and its mask show; a text says why one cannot be read. */
export interface HeaderFacts {
  readonly image: Size | string;
  /** Absent if there is none, or the image cannot be read. */
  readonly mask?: Size | string;
}

/** Reads the headers of an image and its mask. */
export async function readHeaders(
  { codec }: Pick<FileHost, "codec">,
  { mask }: Sample,
  entry: Entry,
): Promise<HeaderFacts> {
  const image = await sizeOf(codec, pathOf(entry));
  if (typeof image === "string" || mask === undefined) return { image };
  const { maskSize } = entry;
  return { image, mask: maskSize ?? (await sizeOf(codec, mask)) };
}

async function sizeOf(codec: FileHost["codec"], path: string): Promise<Size | string> {
  try {
    const { width, height } = await codec.header(path);
    return { width, height };
  } catch (error) {
    return messageWithoutPath(error, path);
  }
}

/** The problem that the headers of an image and its mask show, if there is one. */
export function headerProblem({ image, mask }: HeaderFacts, entry: Entry): Problem | undefined {
  const path = pathOf(entry);
  if (typeof image === "string") {
    return { severity: "warning", file: path, message: `${image}; left out`, leftOut: true };
  }
  if (mask === undefined) return undefined;
  const { width, height } = image;
  if (typeof mask !== "string" && mask.width === width && mask.height === height) return undefined;
  const message =
    typeof mask === "string"
      ? mask
      : `mask is ${mask.width}x${mask.height}, but its image ${path} is ${width}x${height}`;
  return { severity: "error", file: entry.mask!, message };
}

/** The message of a UserError without the path at its beginning. */
export function messageWithoutPath(error: unknown, path: string): string {
  if (!(error instanceof UserError)) throw error;
  return error.message.startsWith(`${path}: `)
    ? error.message.slice(path.length + 2)
    : error.message;
}
