/** Endings of image files, as a folder of images may hold them. */
const imageEnding = /[^/]\.(jpe?g|jpe|jfif|png|webp|tiff?|gif|avif)$/i;

/** Whether a file name has the ending of an image. */
export function isImageName(name: string): boolean {
  return imageEnding.test(name);
}
