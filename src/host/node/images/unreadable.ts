import { readFile } from "node:fs/promises";
import { foreignImage } from "../../../method/images/image-name.ts";
import { UserError } from "../../../user-error.ts";
import type { ImageSource } from "../../codec.ts";
import { orUnreadable } from "../files/file-error.ts";

/** Largest number of pixels in an image; as 8-bit RGB they take 600 MB. */
export const pixelLimit = 200_000_000;

/**
 * What libvips says of a damaged image, in many words, which it mixes up or loses where several images are decoded at the same time:
 * the same image is to be told in the same words.
 */
const damaged =
  /^(unknown error|input \w+ has corrupt header|warning treated as error|\w+: (?!.*(unsupported|memory)))/i;

/** The UserError for an image that sharp cannot open or decode. */
export async function unreadableImage(source: ImageSource, error: unknown): Promise<UserError> {
  return typeof source === "string"
    ? notAnImage(source, await clearerError(source, error))
    : notAnImage(source.name, error);
}

/** The bytes of a file; a UserError if it cannot be read or is empty. */
export async function readBytes(path: string): Promise<Uint8Array> {
  const bytes = await orUnreadable(path, readFile(path));
  if (bytes.length === 0) throw new UserError(`${path}: the file is empty`);
  return bytes;
}

/** A clearer error: libvips only says that it cannot open a file, whereas reading it says why. */
async function clearerError(path: string, error: unknown): Promise<unknown> {
  try {
    await readBytes(path);
    return error;
  } catch (readError) {
    return readError;
  }
}

function notAnImage(where: string, error: unknown): UserError {
  if (error instanceof UserError) return error;
  const foreign = foreignImage(where);
  if (foreign !== undefined) return new UserError(`${where}: ${foreign}`, { cause: error });
  const text = error instanceof Error ? error.message : String(error);
  const reason = /unsupported image format/i.test(text)
    ? "its content is not in a known image format"
    : /exceeds pixel limit/i.test(text)
      ? `it has more than ${pixelLimit / 1e6} million pixels`
      : damaged.test(text)
        ? "it is damaged or cut short"
        : text.replace(/^Input (buffer|file) ?/, "").split("\n")[0]!;
  return new UserError(`${where}: not a readable image: ${reason}`, { cause: error });
}
