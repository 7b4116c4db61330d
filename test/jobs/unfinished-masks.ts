import type { FileOperation } from "../faulty-files.ts";
import { createHash } from "node:crypto";
import { readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { maskFormats, type MaskFormat } from "../../src/files/formats/formats.ts";
import { MaskFolder } from "../../src/files/formats/mask-folder.ts";
import { nodeHost } from "../../src/host/node/host.ts";
import { writeImage } from "../../src/host/node/images/codec.ts";
import { writeMasks, type WriteMasksEvent } from "../../src/jobs/masks.ts";
import type { Image } from "../../src/method/images/image.ts";

const classes = ["cat", "dog"];
const side = 6;

/** The images of a small job; two differ only in the case of their names. */
export async function writeJobImages(root: string): Promise<string[]> {
  const files = ["a", "A2", "trip/b", "a2", "c", "d", "e"].map((name) => join(root, `${name}.png`));
  for (const [i, file] of files.entries()) {
    const data = new Uint8Array(side * side * 3).fill(40 * i);
    await writeImage(file, { width: side, height: side, data });
  }
  return files;
}

export interface MaskJobOptions {
  readonly out: string;
  readonly formats?: readonly MaskFormat[];
  readonly resume?: boolean;
  readonly overwrite?: boolean;
  readonly settings?: Record<string, unknown>;
  /** Number of images after which the job is asked to stop. */
  readonly stopAfter?: number;
  /** Receives the name of each image that reaches the network. */
  readonly computed?: string[];
  /** Called while the third image is in the network. */
  readonly onImage?: () => void;
}

/** Writes masks of the images in every format, by a network that draws other shapes for each. */
export async function runMaskJob(
  images: readonly string[],
  {
    out,
    formats = maskFormats,
    stopAfter,
    computed = [],
    onImage,
    settings,
    ...options
  }: MaskJobOptions,
): Promise<WriteMasksEvent[]> {
  const folder = await MaskFolder.create(nodeHost, out, classes, {
    ...{ format: formats, overlays: true, sheet: true, settings: settings ?? { job: "label" } },
    ...options,
  });
  const items = images.map((file) => ({ name: file.split("/").at(-1)!.slice(0, -4), file }));
  const segment = async ({ width, height, data: pixels }: Image, { name }: { name: string }) => {
    computed.push(name);
    if (computed.length === 3) onImage?.();
    const data = Uint8Array.from(pixels.subarray(0, width * height), (gray, i) =>
      i === 0 ? 255 : (i + gray / 40) % 3,
    );
    const confidence = 1 / (3 + pixels[0]!);
    return { width, height, data, classes, tags: [0, 1], confidence };
  };
  const controller = new AbortController();
  const events: WriteMasksEvent[] = [];
  const task = { items, folder, segment, strict: false, ahead: 1 };
  for await (const event of writeMasks(nodeHost, task, { signal: controller.signal })) {
    events.push(event);
    if (event.type === "image" && events.length - 1 === stopAfter) controller.abort();
  }
  return events;
}

/** Digests of all files below a folder. */
export function treeOf(folder: string): Record<string, string> {
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile());
  return Object.fromEntries(
    files
      .map((entry) => join(entry.parentPath, entry.name))
      .sort()
      .map((path) => [
        path.slice(folder.length + 1),
        createHash("sha1").update(readFileSync(path)).digest("hex"),
      ]),
  );
}

/** `treeOf` without a lock that the disk refused to remove: it counts for nothing, and the next job takes it. */
export function treeWithoutLock(
  folder: string,
  failed: readonly FileOperation[],
): Record<string, string> {
  const isRefused = failed.some(({ kind, path }) => kind === "rm" && path.endsWith("run.lock"));
  const files = Object.entries(treeOf(folder));
  return Object.fromEntries(files.filter(([path]) => !(isRefused && path.endsWith("run.lock"))));
}

export function removeAll(folder: string): void {
  rmSync(folder, { recursive: true, force: true });
}
