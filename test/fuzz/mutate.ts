import fc from "fast-check";

/** What trips parsers of bytes: edges of integers, and first letters of other formats. */
const pieces: readonly Uint8Array[] = [
  [0],
  [0xff],
  [0x7f],
  [0x80],
  [0, 0, 0, 0],
  [0xff, 0xff, 0xff, 0xff],
  [0xff, 0xff, 0xff, 0x7f],
  [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff],
  [0x50, 0x4b, 5, 6],
  // Opcodes of pickles that call, build, jump or take lengths.
  [0x52],
  [0x62],
  [0x81],
  [0x93],
  [0x2e],
  [0x8b, 0xff, 0xff, 0xff, 0x7f],
  [0x8d, 0xff, 0xff, 0xff, 0xff, 0xff, 0, 0, 0],
  [0x42, 0xff, 0xff, 0xff, 0x7f],
  [0x63, ...Buffer.from("os\nsystem\n")],
].map((bytes) => Uint8Array.from(bytes));

/** What trips parsers of texts, and those who trust what was parsed. */
const words = [
  ..."\"';,:{}[]<>&*!|#\n\r\t\0\\- \uFEFF\uD800",
  ...["__proto__", "constructor", "toString", "null", "true", "NaN", "1e999", "-1", "0", "1e9"],
  ...["99999999999999999999", "*n", "&n", "!!js/function 'function(){}'", "<<: *n", "[[[[[["],
  ...["../../x", "/etc/passwd", "\u0000", "[".repeat(3000), '{"a":'.repeat(2000)],
].map((word) => Uint8Array.from(Buffer.from(word)));

interface Edit {
  /** Where, 0..1 of what may be changed. */
  readonly place: number;
  /** Bytes that give way. */
  readonly removed: number;
  readonly inserted: Uint8Array;
}

function edits(inserted: fc.Arbitrary<Uint8Array>): fc.Arbitrary<Edit[]> {
  const place = fc.nat(9999).map((n) => n / 10_000);
  // Mostly a byte for a byte, which leaves lengths right and goes deeper than what shifts the rest.
  const removed = fc.oneof(
    { weight: 4, arbitrary: fc.constant(-1) },
    { weight: 2, arbitrary: fc.nat(8) },
    { weight: 1, arbitrary: fc.nat(5000) },
  );
  const edit = fc.record({ place, removed, inserted });
  return fc.oneof(
    fc.tuple(edit) as fc.Arbitrary<Edit[]>,
    fc.array(edit, { minLength: 1, maxLength: 5 }),
  );
}

/** Damage to a file of bytes, or of text. */
export function damage(kind: "bytes" | "text"): fc.Arbitrary<Edit[]> {
  const random = fc.uint8Array({ minLength: 0, maxLength: 8 });
  return edits(fc.oneof(random, fc.constantFrom(...(kind === "text" ? words : pieces))));
}

/** The file with its damage. @param span only so many of its first bytes are changed */
export function damaged(
  whole: Uint8Array,
  changes: readonly Edit[],
  span = whole.length,
): Uint8Array {
  let bytes = Buffer.from(whole);
  for (const { place, removed, inserted } of changes) {
    const at = Math.floor(place * Math.min(span, bytes.length));
    const end = at + (removed < 0 ? inserted.length : removed);
    bytes = Buffer.concat([bytes.subarray(0, at), inserted, bytes.subarray(end)]);
  }
  return bytes;
}
