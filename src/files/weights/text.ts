// In every host that runs JavaScript today, yet in no type library but those of Node and the DOM.
declare const TextDecoder: new (
  label: string,
  options: { fatal: boolean; ignoreBOM: boolean },
) => { decode(bytes: Uint8Array): string };
declare const TextEncoder: new () => { encode(text: string): Uint8Array };

/** UTF-8 to text, every character of it; throws a TypeError where it is not UTF-8. */
export function decodeUtf8(bytes: Uint8Array): string {
  return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
}

export function encodeUtf8(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

/** One character a byte, U+0000 to U+00FF. */
export function decodeLatin1(bytes: Uint8Array): string {
  const pieces: string[] = [];
  for (let i = 0; i < bytes.length; i += 4096) {
    pieces.push(String.fromCharCode(...bytes.subarray(i, i + 4096)));
  }
  return pieces.join("");
}
