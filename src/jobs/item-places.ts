import type { InputItem } from "../files/inputs/item.ts";

/** An image with other paths. The names that a command understands are none. */
export function withPlaces<T extends InputItem>(
  item: T,
  inputCommand: string | undefined,
  place: (path: string) => string,
): T {
  const { file, at } = item;
  if (at) return { ...item, file: place(file), at: { ...at, tar: place(at.tar) } };
  return inputCommand === undefined ? { ...item, file: place(file) } : item;
}
