import { pathOf } from "./item-list.ts";

/**
 * A sentence as a plan stores it: the path that it begins with apart, as seen from the folder of the results, so that it is true
 * wherever these are merged.
 */
export type StoredText = string | { readonly path: string; readonly text: string };

/**
 * Stores a sentence of the form `where: what`.
 * @param paths those that it may be about, themselves or files in them
 * @param place a path as it is stored
 */
export function storedText(
  sentence: string,
  paths: readonly string[],
  place: (path: string) => string,
): StoredText {
  for (const path of [...paths].sort((a, b) => b.length - a.length)) {
    if (path === "" || !sentence.startsWith(path)) continue;
    const [inside] = /^(?:\/.*?)?(?=: |$)/.exec(sentence.slice(path.length)) ?? [];
    if (inside === undefined) continue;
    return { path: place(path + inside), text: sentence.slice(path.length + inside.length) };
  }
  return sentence;
}

/** The sentence as it is told. @param out the folder of the results */
export function toldText(stored: StoredText, out: string): string {
  return typeof stored === "string" ? stored : `${pathOf(out, stored.path)}${stored.text}`;
}

/** Whether a value of a plan, which may be damaged, is such a sentence. */
export function isStoredText(value: unknown): value is StoredText {
  if (typeof value === "string") return true;
  const { path, text } = (value ?? {}) as { readonly path?: unknown; readonly text?: unknown };
  return typeof path === "string" && typeof text === "string";
}
