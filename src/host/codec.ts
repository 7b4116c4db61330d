import type { Image, LabelMap } from "../method/images/image.ts";

/** Size and format of an image file. */
export interface ImageHeader {
  /** Size in pixels, upright as after decoding. */
  readonly width: number;
  readonly height: number;
  /** "jpeg", "png", "webp", … */
  readonly format: string;
  /** Whether the pixels are stored turned or mirrored, as EXIF tells; false by default. */
  readonly turned?: boolean;
}

/** A small JPEG and its size in pixels. */
export interface Thumbnail {
  readonly jpeg: Uint8Array;
  readonly width: number;
  readonly height: number;
}

export interface EncodeOptions {
  /** Quality of a JPEG, 1..100; 92 by default. */
  readonly quality?: number;
  /** Store the colors of a JPEG at half the resolution (4:2:0); off by default. */
  readonly subsampled?: boolean;
}

export interface DecodeOptions {
  /**
   * Longer side that an image of more than `largePixels` is brought to while it is read, because it does not fit into memory
   * together with what is made of it; without it such images keep their size.
   */
  readonly largeSide?: number;
}

/** Pixels above which an image is large. */
export const largePixels = 50_000_000;

/** The path of a file, or bytes in memory with a name for messages. */
export type ImageSource = string | { readonly bytes: Uint8Array; readonly name: string };

/** Reads and writes images and label maps. Whatever cannot be decoded is a UserError with the name of the file and the reason. */
export interface ImageCodec {
  /** Size and format from the first bytes, without decoding. */
  header(source: ImageSource): Promise<ImageHeader>;
  /**
   * Any image as upright 8-bit RGB: gray repeated, CMYK and 16 bits converted, transparency laid over black, EXIF
   * orientation applied, first frame of an animation. Embedded color profiles are not applied.
   */
  decode(source: ImageSource, options?: DecodeOptions): Promise<Image>;
  /** Labels of a mask PNG: the raw indices of a palette PNG or the values of a gray one. */
  decodeLabels(source: ImageSource): Promise<LabelMap>;
  /** An image as the bytes of a PNG or JPEG file. */
  encode(image: Image, format: "png" | "jpeg", options?: EncodeOptions): Promise<Uint8Array>;
  /** An 8-bit PNG with the palette of VOC whose palette indices are the labels. */
  encodeLabels(labels: LabelMap): Promise<Uint8Array>;
  /** A JPEG whose longer side is at most `side` pixels; smaller images keep their size. */
  thumbnail(source: Image | ImageSource, side: number): Promise<Thumbnail>;
  /** Renders an SVG drawing to a PNG, at twice its size in points if it is at most 1,600 wide. */
  rasterize(svg: string): Promise<Uint8Array>;
}
