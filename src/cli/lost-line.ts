import type { LostDetail } from "../files/formats/lost-details.ts";
import { counted } from "../files/text/units.ts";

/** A line on a detail that formats could not hold. @param written number of masks in words */
export function lostLine({ what, images, objects }: LostDetail, written: string): string {
  const lost = objects === undefined ? "" : ` (${counted(objects, "object")})`;
  return `in ${images} of ${written}: ${what}${lost}`;
}
