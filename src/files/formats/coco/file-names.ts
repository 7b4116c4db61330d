import { leavesFolder } from "../../text/file-name.ts";
import { normalize } from "../../text/path.ts";

/** Paths of images from their folder, and how many names of the file had none. */
export interface ImagePlaces {
  readonly places: readonly string[];
  readonly outside: number;
  /** One of these, and what it is taken for. */
  readonly example?: string;
}

const address = /^[a-z][a-z0-9+.-]+:\/\/[^/]*/i;

/**
 * Paths from the image folder for the names of an annotation file. Absolute names, web addresses and those with `..` lie
 * elsewhere: they lose what all of them have in front.
 */
export function imagePlaces(names: readonly string[]): ImagePlaces {
  const outside = names.map((name) => leavesFolder(name) || address.test(name));
  const parts = names.map((name, i) => (outside[i] ? partsOf(name) : []));
  let common: readonly string[] | undefined;
  parts.forEach((own, i) => {
    if (!outside[i]) return;
    const folders = own.slice(0, -1);
    common = common ? commonStart(common, folders) : folders;
  });
  const places = names.map((name, i) =>
    outside[i] ? parts[i]!.slice(common!.length).join("/") || "unnamed" : tidy(name),
  );
  const first = outside.indexOf(true);
  return {
    places,
    outside: outside.filter(Boolean).length,
    ...(first >= 0 && { example: `${names[first]} as ${places[first]}` }),
  };
}

/** Folders and name in a path or address, without its root and without `..`. */
function partsOf(name: string): string[] {
  const isAddress = address.test(name);
  const path = isAddress ? decoded(name.replace(address, "").replace(/[?#].*$/, "")) : name;
  return path
    .replace(/^[a-z]:/i, "")
    .split("/")
    .filter((part) => part !== "" && part !== "." && part !== "..");
}

function decoded(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch {
    return path;
  }
}

function commonStart(a: readonly string[], b: readonly string[]): readonly string[] {
  const end = a.findIndex((part, i) => part !== b[i]);
  return end < 0 ? a : a.slice(0, end);
}

function tidy(name: string): string {
  return name.includes("./") || name.includes("//") ? normalize(name) : name;
}
