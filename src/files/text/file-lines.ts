import type { OpenFile } from "../../host/store.ts";

/** A part of an open file, in bytes. */
export interface FilePart {
  readonly start: number;
  readonly end: number;
}

/** Bytes that are read at a time. */
export const usualRead = 1 << 18;

/**
 * The lines of a part of a UTF-8 text, without their breaks, as many at a time as one reading has. What follows the last break is a
 * line too, unless it is empty.
 */
export async function* lineBatches(
  file: Pick<OpenFile, "read">,
  { start, end }: FilePart,
  bytes = usualRead,
): AsyncGenerator<string[]> {
  const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
  let rest = "";
  for (let at = start; at < end; at += bytes) {
    const piece = await file.read(at, Math.min(bytes, end - at));
    const lines = (rest + decoder.decode(piece, { stream: true })).split("\n");
    rest = lines.pop()!;
    if (lines.length > 0) yield lines;
  }
  rest += decoder.decode();
  if (rest !== "") yield [rest];
}
