import { sharp } from "./sharp.ts";

/** Renders an SVG drawing to a PNG, at twice its size in points if it is at most 1,600 wide. */
export async function rasterize(svg: string): Promise<Uint8Array> {
  const { width = 1000 } = await sharp(Buffer.from(svg), { unlimited: true }).metadata();
  const density = width <= 1600 ? 144 : 72;
  return sharp(Buffer.from(svg), { density, unlimited: true }).png({ palette: true }).toBuffer();
}
