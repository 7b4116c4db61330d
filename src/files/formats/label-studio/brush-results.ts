import type { Regions } from "../../../method/images/regions.ts";
import { regionCounts } from "../../../method/images/run-lengths.ts";
import { encodeBrush } from "./brush.ts";

export interface BrushResultOptions {
  /** Beginning of the ids of results, which others of the task do not share. */
  readonly task: string | number;
  /** Name of the control with the brush labels, and of the image that it belongs to. */
  readonly from: string;
  readonly to: string;
  /** Name of a label; objects of labels without a name are left out. */
  readonly nameOf: (label: number) => string | undefined;
}

/** The objects of a mask as results of Label Studio's brush, each in JSON. */
export function brushResults(
  { ids, labels, width, height }: Regions,
  { task, from, to, nameOf }: BrushResultOptions,
): string[] {
  const counts = regionCounts(ids, { count: labels.length, width, height, along: "rows" });
  return labels.flatMap((label, k) => {
    const name = nameOf(label);
    if (name === undefined) return [];
    const head = {
      id: `${task}-${k + 1}`,
      from_name: from,
      to_name: to,
      type: "brushlabels",
      original_width: width,
      original_height: height,
      image_rotation: 0,
    };
    // The lists of bytes are long; joining them is faster than JSON.stringify.
    const value = `{"format":"rle","brushlabels":[${JSON.stringify(name)}],"rle":[${encodeBrush(counts[k]!).join(",")}]}`;
    return [`${JSON.stringify(head).slice(0, -1)},"value":${value}}`];
  });
}
