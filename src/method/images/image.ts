/** An 8-bit RGB image, rows from the top. */
export interface Image {
  readonly width: number;
  readonly height: number;
  /** [height, width, 3], 0..255 */
  readonly data: Uint8Array;
}

/** One label for every pixel: 0 background, i the i-th class from 1 on, `ignoreIndex` no label. */
export interface LabelMap {
  readonly width: number;
  readonly height: number;
  /** [height, width] */
  readonly data: Uint8Array;
}

/** Label of the pixels that losses and scores leave out. */
export const ignoreIndex = 255;
