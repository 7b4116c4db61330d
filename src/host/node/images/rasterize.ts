import sharp from "sharp";

/** Renders an SVG drawing to a PNG. */
export async function rasterize(svg: string): Promise<Uint8Array> {
  const { width = 1000 } = await sharp(Buffer.from(svg), { unlimited: true }).metadata();
  const density = width <= 1600 ? 144 : 72;
  return sharp(Buffer.from(svg), { density, unlimited: true }).png({ palette: true }).toBuffer();
}
