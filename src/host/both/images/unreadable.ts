import { foreignImage } from "../../../method/images/image-name.ts";
import { UserError } from "../../../user-error.ts";

/** Largest number of pixels in an image; as 8-bit RGB they take 600 MB. */
export const pixelLimit = 200_000_000;

export const tooManyPixels = `it has more than ${pixelLimit / 1e6} million pixels`;
export const cutShort = "it is damaged or cut short";

/** The UserError for an image that cannot be opened or decoded, with the reason in words. */
export function notAnImage(
  where: string,
  error: unknown,
  reasonOf: (text: string) => string = (text) => text,
): UserError {
  if (error instanceof UserError) return error;
  const foreign = foreignImage(where);
  if (foreign !== undefined) return new UserError(`${where}: ${foreign}`, { cause: error });
  const text = error instanceof Error ? error.message : String(error);
  return new UserError(`${where}: not a readable image: ${reasonOf(text)}`, { cause: error });
}
