import { UserError } from "../../../user-error.ts";

/** Renders an SVG drawing to a PNG, at twice its size if it is at most 1,600 wide; only pages can, workers cannot. */
export async function rasterize(svg: string): Promise<Uint8Array> {
  if (typeof Image === "undefined") {
    throw new UserError(
      "drawing: a worker of a browser cannot render SVG; render it in the page that started the worker",
    );
  }
  const url = URL.createObjectURL(new Blob([svg], { type: "image/svg+xml" }));
  try {
    const picture = new Image();
    picture.src = url;
    await picture.decode();
    const factor = picture.naturalWidth <= 1600 ? 2 : 1;
    const [width, height] = [factor * picture.naturalWidth, factor * picture.naturalHeight];
    const canvas = new OffscreenCanvas(width, height);
    canvas.getContext("2d")!.drawImage(picture, 0, 0, width, height);
    const blob = await canvas.convertToBlob({ type: "image/png" });
    return new Uint8Array(await blob.arrayBuffer());
  } finally {
    URL.revokeObjectURL(url);
  }
}
