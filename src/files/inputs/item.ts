/** Where an image lies in a tar. */
export interface TarPlace {
  readonly tar: string;
  /** Bytes of the tar before the image, and those of the image. */
  readonly offset: number;
  readonly size: number;
  /** CRC-32C of the header before the image, by which a tar that was made anew is noticed. */
  readonly header: number;
}

/** An image that a job reads: plain data, so that a list of them can be stored. */
export interface InputItem {
  /** Name of its mask, without ending. */
  readonly name: string;
  /**
   * Its address: the path of a file, that of a tar followed by the path in it, or a name that a command understands.
   */
  readonly file: string;
  /** Only for images in a tar. */
  readonly at?: TarPlace;
}
