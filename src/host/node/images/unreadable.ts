import { readFile } from "node:fs/promises";
import { UserError } from "../../../user-error.ts";
import { cutShort, notAnImage, tooManyPixels } from "../../both/images/unreadable.ts";
import type { ImageSource } from "../../codec.ts";
import { orUnreadable } from "../files/file-error.ts";

/**
 * What libvips says of a damaged image, in many words, which it mixes up or loses where several images are decoded at the same time:
 * the same image is to be told in the same words.
 */
const damaged =
  /^(unknown error|input \w+ has corrupt header|warning treated as error|\w+: (?!.*(unsupported|memory)))/i;

/** The UserError for an image that sharp cannot open or decode. */
export async function unreadableImage(source: ImageSource, error: unknown): Promise<UserError> {
  return typeof source === "string"
    ? notAnImage(source, await clearerError(source, error), reasonOf)
    : notAnImage(source.name, error, reasonOf);
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

/** The reason in words for what sharp says. */
function reasonOf(text: string): string {
  if (/unsupported image format/i.test(text)) return "its content is not in a known image format";
  if (/exceeds pixel limit/i.test(text)) return tooManyPixels;
  if (damaged.test(text)) return cutShort;
  return text.replace(/^Input (buffer|file) ?/, "").split("\n")[0]!;
}
