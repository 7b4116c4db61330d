import type { ImageCodec } from "../../codec.ts";

/** Images through sharp and label maps through fast-png, loaded when they are first needed. */
export const nodeCodec: ImageCodec = {
  async header(source) {
    const { imageHeader } = await images();
    return imageHeader(source);
  },
  async decode(source) {
    const { decodeImage, readImage } = await images();
    return typeof source === "string" ? readImage(source) : decodeImage(source.bytes, source.name);
  },
  async decodeLabels(source) {
    const { decodeMask, readMask } = await images();
    return typeof source === "string" ? readMask(source) : decodeMask(source.bytes, source.name);
  },
  async encode(image, format, options) {
    const { encodeImage } = await images();
    return encodeImage(image, format, options);
  },
  async encodeLabels(labels) {
    const { encodeMask } = await import("./index-png.ts");
    return encodeMask(labels);
  },
  async thumbnail(source, side) {
    const { makeThumbnail } = await import("./thumbnail.ts");
    return makeThumbnail(source, side);
  },
  async rasterize(svg) {
    const { rasterize } = await import("./rasterize.ts");
    return rasterize(svg);
  },
};

function images(): Promise<typeof import("./images.ts")> {
  return import("./images.ts");
}
