import type { MaskFinding } from "../formats/label-counts.ts";
import { listNames } from "../text/list-names.ts";
import { counted } from "../text/units.ts";
import type { Listing, Problem } from "./listing/listing.ts";

/** Most classes that a note names. */
const mostNames = 8;

/** Most classes that a command lists; more are better given in a file. */
const mostInCommand = 30;

/** How the masks of a data set number its classes, by the names that came with them. */
export interface MaskClasses {
  /** The data set's label for each label of the masks. */
  readonly labels: readonly number[];
  /** A sentence on labels that are renumbered, with the file of the names; absent if none is. */
  readonly note?: string;
}

/** Matches the names that came with masks with the classes of their data set, whatever their order; other names are an error. */
export function matchMaskClasses(
  { names, file }: NonNullable<Listing["maskClasses"]>,
  classes: readonly string[],
  problems: Problem[],
): MaskClasses | undefined {
  const key = (name: string): string => name.normalize("NFC").trim().toLowerCase();
  const places = new Map(classes.map((name, i) => [key(name), i + 1]));
  const labels = [0, ...names.map((name) => places.get(key(name)) ?? 0)];
  const missing = names.find((_, i) => labels[i + 1] === 0);
  if (missing !== undefined) {
    const message =
      `the masks have the class "${missing}", which the data set lacks: theirs are ${names.join(", ")}; ` +
      `the data set's ${classes.join(", ")}; use the same names in both`;
    problems.push({ severity: "error", file, message });
    return undefined;
  }
  if (labels.every((label, own) => label === own)) return { labels };
  const list = names.map((name, i) => `${name} ${i + 1} → ${labels[i + 1]}`);
  const message = `the masks' classes are matched by name, labels renumbered: ${listNames(list, mostNames)}`;
  problems.push({ severity: "warning", file, message });
  return { labels, note: `${file}: ${message}` };
}

/**
 * Compares masks with the tags of their images. One that shows a class without its tag and lacks a tagged one contradicts them;
 * where a third do, the masks number the classes in another order. One that shows more alone has incomplete tags.
 */
export class MaskOrder {
  private masks = 0;
  private contradicting = 0;

  /**
   * @param tags classes of the image, from 0
   * @param values the values of its mask, each at least once
   */
  add(tags: readonly number[], values: Iterable<number>, classCount: number): void {
    const shown = new Set<number>();
    for (const value of values) if (value > 0 && value <= classCount) shown.add(value - 1);
    if (shown.size === 0) return;
    this.masks++;
    const showsOther = [...shown].some((tag) => !tags.includes(tag));
    if (showsOther && tags.some((tag) => !shown.has(tag))) this.contradicting++;
  }

  /** The judgment on masks without names of their own; undefined if they fit the tags by and large. */
  finding(classes: readonly string[]): MaskFinding | undefined {
    const { masks, contradicting } = this;
    if (contradicting < 2 || 3 * contradicting < masks) return undefined;
    const names = classes.length > mostInCommand ? "<file of its classes>" : classes.join(",");
    return {
      message:
        `${contradicting} of ${counted(masks, "mask")} show classes that their images are not tagged with, and lack those that ` +
        "they are tagged with; they probably number the classes in another order than the data set. Put the classes.json of " +
        "their conversion into their folder, or convert them again in its order",
      remedies: [
        {
          ...{ kind: "job", name: "convert", argument: "<export>" },
          options: { to: "voc", classes: names, out: "truth" },
          purpose: "renumbers them",
        },
      ],
    };
  }
}
