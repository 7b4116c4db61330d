import { mkdirSync, mkdtempSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import sharp from "sharp";
import { encodeMask } from "../../../src/host/node/images/index-png.ts";
import { runFolder } from "../../built.ts";

/** An image of one color, [width, height]. */
export class Picture {
  readonly width: number;
  readonly height: number;

  constructor(width = 8, height = 6) {
    [this.width, this.height] = [width, height];
  }
}

/** A mask whose pixels take the given labels in turn. */
export class Mask {
  readonly labels: readonly number[];
  readonly width: number;
  readonly height: number;

  constructor(labels: readonly number[] = [0, 1], width = 8, height = 6) {
    [this.labels, this.width, this.height] = [labels, width, height];
  }
}

const root = mkdtempSync(join(runFolder, "datasets-"));
let folders = 0;

/** Writes a folder from a map of paths to pictures, masks, bytes and texts, and returns where it is. */
export async function makeFolder(
  files: Readonly<Record<string, string | Uint8Array | Picture | Mask>>,
): Promise<string> {
  const folder = join(root, `set-${folders++}`);
  mkdirSync(folder);
  for (const [path, content] of Object.entries(files)) {
    const target = join(folder, path);
    mkdirSync(dirname(target), { recursive: true });
    if (path.endsWith("/")) mkdirSync(target, { recursive: true });
    else writeFileSync(target, await bytesOf(path, content));
  }
  return folder;
}

async function bytesOf(
  path: string,
  content: string | Uint8Array | Picture | Mask,
): Promise<string | Uint8Array> {
  if (content instanceof Mask) {
    const { width, height, labels } = content;
    const data = Uint8Array.from({ length: width * height }, (_, i) => labels[i % labels.length]!);
    return encodeMask({ width, height, data });
  }
  if (content instanceof Picture) {
    const { width, height } = content;
    const picture = sharp({ create: { width, height, channels: 3, background: "#a05030" } });
    return /\.png$/i.test(path) ? picture.png().toBuffer() : picture.jpeg().toBuffer();
  }
  return content;
}
