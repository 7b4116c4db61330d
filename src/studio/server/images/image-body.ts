import type { FileHandle } from "node:fs/promises";
import type { ImageCodec } from "../../../host/codec.ts";
import type { OpenedImage } from "./image-file.ts";

/** Formats that every browser shows upright, by their first bytes. */
const shownFormats: readonly (readonly [
  type: string,
  matches: (head: Buffer, text: string) => boolean,
])[] = [
  ["image/jpeg", (head) => head[0] === 0xff && head[1] === 0xd8 && head[2] === 0xff],
  ["image/png", (_, text) => text.startsWith("\x89PNG\r\n\x1a\n")],
  ["image/gif", (_, text) => text.startsWith("GIF87a") || text.startsWith("GIF89a")],
  ["image/webp", (_, text) => text.startsWith("RIFF") && text.slice(8, 12) === "WEBP"],
];

/** The type of an image that a browser shows as it is, by its content and never by its name; undefined for others. */
export async function shownType(file: FileHandle): Promise<string | undefined> {
  const head = Buffer.alloc(16);
  await file.read(head, 0, head.length, 0);
  const text = head.toString("latin1");
  return shownFormats.find(([, matches]) => matches(head, text))?.[0];
}

/** A picture to answer with. */
export interface Picture {
  readonly type: string;
  readonly body: Uint8Array<ArrayBuffer> | ReadableStream<Uint8Array<ArrayBuffer>>;
  /** Bytes of a stream. */
  readonly size?: number;
}

/** An image for a browser: its bytes as they are, or converted. Closes the file. */
export async function imageBody(
  codec: ImageCodec,
  { file, path, size }: OpenedImage,
): Promise<Picture> {
  let isHandedOver = false;
  try {
    const type = await shownType(file);
    // Browsers turn JPEGs as their EXIF says, but not all of them turn other formats.
    if (type !== undefined && (type === "image/jpeg" || !(await isTurned(codec, path)))) {
      isHandedOver = true;
      return { type, size, body: piecesOf(file, size) };
    }
  } finally {
    if (!isHandedOver) await file.close();
  }
  const image = await codec.decode(path, { largeSide: 8192 });
  const jpeg = await codec.encode(image, "jpeg", { quality: 95 });
  return { type: "image/jpeg", body: new Uint8Array(jpeg) };
}

async function isTurned(codec: ImageCodec, path: string): Promise<boolean> {
  return (await codec.header(path)).turned === true;
}

const pieceBytes = 1 << 18;

/** The first `size` bytes of a file, read as they are taken. */
function piecesOf(file: FileHandle, size: number): ReadableStream<Uint8Array<ArrayBuffer>> {
  let at = 0;
  return new ReadableStream({
    async pull(controller) {
      const piece = new Uint8Array(Math.min(pieceBytes, size - at));
      const { bytesRead } = await file.read(piece, 0, piece.length, at);
      at += bytesRead;
      if (bytesRead > 0) controller.enqueue(piece.subarray(0, bytesRead));
      if (bytesRead > 0 && at < size) return;
      await file.close();
      controller.close();
    },
    cancel: () => file.close(),
  });
}
