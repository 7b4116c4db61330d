/** Longer side that a large photograph is shown and saved with. */
export const largeSide = 4096;

/** A file of the page as codecs read it. @param name its own by default */
export async function sourceOf(file: Blob, name = (file as File).name) {
  return { bytes: new Uint8Array(await file.arrayBuffer()), name };
}

export function blobOf(bytes: Uint8Array, type: string): Blob {
  return new Blob([bytes as Uint8Array<ArrayBuffer>], { type });
}
