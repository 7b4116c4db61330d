import { ignoreIndex } from "../../method/images/image.ts";
import type { Remedy } from "../../user-error.ts";
import { counted } from "../text/units.ts";

/** Number of pixels of each value that a mask has. */
export type MaskCounts = readonly (readonly [value: number, pixels: number])[];

/** Whether a value of JSON is such counts. */
export function areMaskCounts(value: unknown): value is MaskCounts {
  if (!Array.isArray(value)) return false;
  return value.every((pair: unknown) => {
    const [label, pixels] = Array.isArray(pair) ? (pair as readonly unknown[]) : [];
    return (
      Number.isInteger(label) &&
      (label as number) >= 0 &&
      (label as number) < 256 &&
      Number.isInteger(pixels)
    );
  });
}

/** Pixels of each value of some masks, and the masks without a labeled pixel. */
export class LabelCounts {
  private readonly pixels = new Float64Array(256);
  /** Names of the masks all of whose pixels are ignored. */
  readonly unlabeled: string[] = [];
  masks = 0;

  /**
   * Counts a mask. Returns its pixels of each value that it has, with which `repeat` counts it again.
   * @param data labels of one mask, 255 for ignored pixels
   */
  add(name: string, data: Uint8Array): MaskCounts {
    const own = new Float64Array(256);
    for (let i = 0; i < data.length; i++) own[data[i]!]! += 1;
    const counts: [number, number][] = [];
    own.forEach((count, value) => {
      if (count > 0) counts.push([value, count]);
    });
    this.repeat(name, counts);
    return counts;
  }

  /** Counts a mask whose pixels were counted before. */
  repeat(name: string, counts: MaskCounts): void {
    for (const [value, count] of counts) this.pixels[value]! += count;
    this.masks++;
    if (counts.length === 1 && counts[0]![0] === ignoreIndex) this.unlabeled.push(name);
  }

  of(label: number): number {
    return this.pixels[label]!;
  }

  /** Share of the pixels that are ignored, 0..1; NaN without pixels. */
  get ignoredShare(): number {
    return this.pixels[ignoreIndex]! / this.pixels.reduce((a, b) => a + b, 0);
  }

  /** Whether 0 and 255 are the only values and both occur, as in binary masks of painting programs. */
  get looksBinary(): boolean {
    const used = this.pixels.reduce((sum, count) => sum + Number(count > 0), 0);
    return used === 2 && this.pixels[0]! > 0 && this.pixels[ignoreIndex]! > 0;
  }
}

/** A finding about masks, and ways to correct them. */
export interface MaskFinding {
  readonly message: string;
  readonly remedies?: readonly Remedy[];
}

/**
 * Findings about masks that make their use pointless or their scores meaningless without an error: binary masks whose
 * object is 255, masks that are ignored as a whole.
 * @param folder the mask PNGs, for the remedy; undefined if the masks are drawn from outlines, which are never binary
 */
export function maskFindings(
  counts: LabelCounts,
  classes: readonly string[],
  folder: string | undefined,
): MaskFinding[] {
  const findings: MaskFinding[] = [];
  if (folder !== undefined && counts.looksBinary) {
    findings.push({
      message:
        `its ${counts.masks} masks have only the values 0 and 255, like binary masks of painting programs: ` +
        `${percent(counts.ignoredShare)} of the pixels are 255, which means ignored, and no pixel shows a class; ` +
        "if 255 is the object, it must be 1",
      remedies: [
        {
          kind: "job",
          name: "convert",
          argument: folder,
          options: {
            binary: true,
            classes: classes[0] ?? "object",
            to: "voc",
            out: `${folder.replace(/\/+$/, "")}-binary`,
          },
          purpose: "makes 255 the class",
        },
      ],
    });
  }
  const { unlabeled, masks } = counts;
  if (unlabeled.length > 0) {
    const more = unlabeled.length > 5 ? `, and ${unlabeled.length - 5} more` : "";
    findings.push({
      message:
        `${unlabeled.length} of ${counted(masks, "mask")} ${unlabeled.length === 1 ? "has" : "have"} no labeled pixel, all of them are ignored (255): ` +
        `${unlabeled.slice(0, 5).join(", ")}${more}`,
    });
  }
  return findings;
}

/** A share as percent with one decimal; `< 0.1 %` for what would round to nothing. */
export function percent(share: number): string {
  return share > 0 && share < 0.0005 ? "< 0.1 %" : `${(100 * share).toFixed(1)} %`;
}
