/** Endings of the image files that are read, and the name of each format. */
export const imageFormats: readonly (readonly [endings: RegExp, name: string])[] = [
  [/\.(jpe?g|jpe|jfif)$/i, "JPEG"],
  [/\.png$/i, "PNG"],
  [/\.webp$/i, "WebP"],
  [/\.tiff?$/i, "TIFF"],
  [/\.gif$/i, "GIF"],
  [/\.avif$/i, "AVIF"],
  [/\.(bmp|dib)$/i, "BMP"],
  [/\.p[bgpn]m$/i, "PPM"],
];

/** Endings of pictures that are not read, their formats, and a program that converts them. */
const foreignFormats: readonly (readonly [
  endings: RegExp,
  name: string,
  command: (file: string, to: string) => string,
])[] = [
  [/\.(heic|heif|hif)$/i, "HEIC", (file, to) => `heif-convert ${file} ${to}.jpg`],
  [
    /\.(jp2|j2k|jpf|jpx|jpc)$/i,
    "JPEG 2000",
    (file, to) => `opj_decompress -i ${file} -o ${to}.png`,
  ],
  [/\.svgz?$/i, "SVG, a drawing without pixels", (file, to) => `rsvg-convert ${file} -o ${to}.png`],
  [/\.jxl$/i, "JPEG XL", (file, to) => `djxl ${file} ${to}.png`],
  [
    /\.(cr2|cr3|nef|arw|dng|raf|orf|rw2)$/i,
    "camera raw",
    (file, to) => `dcraw -c -w ${file} > ${to}.ppm`,
  ],
  [/\.(psd|tga|xcf|ico|exr|hdr)$/i, "a picture", (file, to) => `magick ${file} ${to}.png`],
];

const endings = new Map<string, boolean>();

/** Whether an ending is that of a picture, readable or not; remembered, as there are millions of names and few endings. */
function isPictureEnding(ending: string): boolean {
  let known = endings.get(ending);
  if (known === undefined) {
    known = [...imageFormats, ...foreignFormats].some(([pattern]) => pattern.test(ending));
    if (endings.size < 1000) endings.set(ending, known);
  }
  return known;
}

/**
 * Whether a file name has the ending of an image. Those of formats that are not read count as well, so that a folder's HEIC
 * files are named with the reason instead of passing for missing.
 */
export function isImageName(name: string): boolean {
  const dot = name.lastIndexOf(".");
  return dot > 0 && name[dot - 1] !== "/" && isPictureEnding(name.slice(dot));
}

/** What keeps a picture from being read and what to do, by the ending of its name; undefined for the formats that are read. */
export function foreignImage(name: string): string | undefined {
  const format = foreignFormats.find(([pattern]) => pattern.test(name));
  if (!format) return undefined;
  const [, title, command] = format;
  const file = name.slice(name.lastIndexOf("/") + 1);
  const quoted = (text: string): string => (/^[\w.-]+$/.test(text) ? text : `"${text}"`);
  const bare = file.replace(/\.[^.]+$/, "");
  const to = /^[\w.-]+$/.test(bare) ? bare : "picture";
  return `found, but not readable here, as it is ${title}; convert it: ${command(quoted(file), to)}`;
}
