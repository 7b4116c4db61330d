import type { PieceStore } from "./pieces.ts";

/** The lines of a UTF-8 text that end with a line break, without it; what follows the last break was cut short. */
export async function* textLines(
  store: PieceStore,
  path: string,
  pieceSize?: number,
): AsyncGenerator<string> {
  const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
  let rest = "";
  for await (const piece of store.pieces(path, pieceSize)) {
    const lines = (rest + decoder.decode(piece, { stream: true })).split("\n");
    rest = lines.pop()!;
    yield* lines;
  }
}
