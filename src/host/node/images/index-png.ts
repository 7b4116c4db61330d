import type { LabelMap } from "../../../method/images/image.ts";
import {
  decodeIndexPng,
  encodeIndexPng,
  encodeIndexPngInStrips,
} from "../../both/images/index-png.ts";
import { nodeZlib } from "./zlib.ts";

/** Encodes labels as an 8-bit PNG with the palette of VOC; the palette indices are the labels. */
export function encodeMask(labels: LabelMap): Uint8Array {
  return encodeIndexPng(labels, nodeZlib);
}

/** As `encodeMask`; a large mask is packed in strips, which takes no second copy of it. */
export function encodeMaskInStrips(labels: LabelMap): Promise<Uint8Array> {
  return encodeIndexPngInStrips(labels, nodeZlib);
}

/**
 * Decodes the labels of a mask PNG: the raw indices of a palette PNG, or the values of a gray one. Anything else is a
 * UserError. A PNG that is not interlaced takes no more memory than its rows.
 * @param where beginning of error messages
 */
export function decodeMask(bytes: Uint8Array, where: string): LabelMap {
  return decodeIndexPng(bytes, where, nodeZlib);
}
